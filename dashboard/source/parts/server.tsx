/** What only servers have: whether a new one fits, and the serial log. */

import { useEffect, useState } from "preact/hooks";
import type { compute } from "../../generated/types";
import { ask, Failure } from "../runtime/api";
import { t } from "../runtime/messages";
import { may } from "../runtime/permissions";
import type { FormValues } from "../runtime/resource";
import { Button, Section, sayFailure } from "../components/basics";

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
    <p class={`fits ${answer.fits ? "good" : "bad"}`} role="status">
      <span class="dot" aria-hidden="true" />
      {answer.fits ? t("servers.fits") : t("servers.fits_not", { reason: answer.shortfall.join("; ") })}
    </p>
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
