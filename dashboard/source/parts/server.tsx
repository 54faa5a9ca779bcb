/** What only servers have: whether a new one fits, and the serial log. */

import { useEffect, useState } from "preact/hooks";
import type { compute } from "../../generated/types";
import { ask, Failure } from "../runtime/api";
import { collection } from "../runtime/collections";
import { count, mebibytes } from "../runtime/formats";
import { t } from "../runtime/messages";
import { may } from "../runtime/permissions";
import { named } from "../runtime/registry";
import type { FormValues } from "../runtime/resource";
import { Bar, Button, Section, sayFailure } from "../components/basics";

interface Answer {
  fits: boolean;
  shortfall: string[];
}

/** The scheduler's dry run for the chosen flavor. */
export function Fits({ values }: { values: FormValues }) {
  const flavor = String(values["flavor"] ?? "");
  const [answer, setAnswer] = useState<Answer | null>(null);
  useEffect(() => {
    if (flavor === "") return;
    const control = new AbortController();
    ask<Answer>("kumoi", "POST", "/placement/dry-run", { body: { flavor }, signal: control.signal }).then(setAnswer, (error: unknown) => {
      if (error instanceof Failure) setAnswer(null);
    });
    return () => control.abort();
  }, [flavor]);
  if (answer === null) return null;
  return (
    <>
      <Price flavor={flavor} />
      <p class={`fits ${answer.fits ? "good" : "bad"}`} role="status">
      <span class="dot" aria-hidden="true" />
      {answer.fits ? t("servers.fits") : t("servers.fits_not", { reason: answer.shortfall.join("; ") })}
    </p>
    </>
  );
}

interface Absolute {
  totalInstancesUsed: number;
  maxTotalInstances: number;
  totalCoresUsed: number;
  maxTotalCores: number;
  totalRAMUsed: number;
  maxTotalRAMSize: number;
}

/** What the server takes of the project's quota, beside what is taken already. */
function Price({ flavor }: { flavor: string }) {
  const flavors = named("flavors");
  const row = flavors === undefined ? undefined : collection(flavors).get(flavor);
  const [limits, setLimits] = useState<Absolute | null>(null);
  useEffect(() => {
    ask<{ limits: { absolute: Absolute } }>("compute", "GET", "/limits").then((body) => setLimits(body.limits.absolute), () => undefined);
  }, []);
  if (limits === null || row === undefined) return null;
  const parts = [
    { name: "servers", used: limits.totalInstancesUsed, more: 1, limit: limits.maxTotalInstances, show: count },
    { name: "cores", used: limits.totalCoresUsed, more: Number(row["vcpus"]), limit: limits.maxTotalCores, show: count },
    { name: "ram", used: limits.totalRAMUsed, more: Number(row["ram"]), limit: limits.maxTotalRAMSize, show: mebibytes },
  ];
  return (
    <div class="bars">
      {parts.map(({ name, used, more, limit, show }) => (
        <Bar
          key={name}
          used={used + more}
          limit={limit}
          title={t(`quota.${name}`)}
          text={limit < 0 ? t("quota.unlimited", { used: show(used + more) }) : t("quota.of", { used: show(used + more), limit: show(limit) })}
        />
      ))}
    </div>
  );
}

const LINES = 200;

export function SerialLog({ row }: { row: compute.ServersServer }) {
  const [text, setText] = useState<string | null>(null);
  const [wrong, setWrong] = useState("");
  const route = { service: "compute", method: "POST", path: "/servers/{server_id}/action", action: "os-getConsoleOutput" } as const;
  if (!may(route) || row.status === "BUILD") return null;
  const load = async (): Promise<void> => {
    try {
      const body = { "os-getConsoleOutput": { length: LINES } };
      const answer = await ask<{ output: string }>("compute", "POST", `/servers/${row.id}/action`, { body, version: "compute 2.96" });
      setText(answer.output);
      setWrong("");
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      setWrong(sayFailure(error));
    }
  };
  return (
    <Section title={t("servers.log")} aside={<Button look="quiet" icon="reload" onClick={() => void load()}>{t(text === null ? "servers.log_show" : "servers.log_again")}</Button>}>
      {wrong !== "" && <p class="wrong" role="alert">{wrong}</p>}
      {text !== null && <pre class="log" tabIndex={0}>{text === "" ? t("servers.log_empty") : text}</pre>}
    </Section>
  );
}
