/** The cloud's services: which answer, and which hosts take new servers. */

import { useEffect, useState } from "preact/hooks";
import { ask, Failure, offers } from "../runtime/api";
import { hear } from "../runtime/changes";
import { t } from "../runtime/messages";
import { known, may } from "../runtime/permissions";
import { page } from "../runtime/registry";
import type { FormValues, Input } from "../runtime/resource";
import { epoch } from "../runtime/session";
import { attempt, Button, Dialog, Problem, Section } from "../components/basics";
import { Inputs, initialValues, problemsOf } from "../components/inputs";
import { Age, Status } from "../components/value";
import { NoPage } from "../generic/none";

const VERSION = "compute 2.96";
const LIST = { service: "compute", method: "GET", path: "/os-services" } as const;
const CHANGE = { service: "compute", method: "PUT", path: "/os-services/{service_id}" } as const;
const SOON = 500;

/** One line of any service's list. */
interface Line {
  id: string;
  binary: string;
  host: string;
  zone: string;
  status: "enabled" | "disabled";
  state: "up" | "down";
  seen: string | null;
  reason: string;
  /** Of compute: whether it takes new servers may be changed. */
  changeable: boolean;
}

interface Other {
  id?: string | number;
  binary: string;
  host: string;
  zone?: string;
  availability_zone?: string;
  status?: string;
  state?: string;
  disabled_reason?: string | null;
  alive?: boolean;
  admin_state_up?: boolean;
  updated_at?: string | null;
  heartbeat_timestamp?: string;
}

const SOURCES: { service: string; path: string; many: string; read: (row: Other) => Line }[] = [
  {
    service: "compute", path: "/os-services", many: "services",
    read: (row) => ({
      id: String(row.id), binary: row.binary, host: row.host, zone: row.zone ?? "", status: row.status === "disabled" ? "disabled" : "enabled",
      state: row.state === "up" ? "up" : "down", seen: row.updated_at ?? null, reason: row.disabled_reason ?? "", changeable: may(CHANGE),
    }),
  },
  {
    service: "volumev3", path: "/os-services", many: "services",
    read: (row) => ({
      id: row.host, binary: row.binary, host: row.host, zone: row.zone ?? "", status: row.status === "disabled" ? "disabled" : "enabled",
      state: row.state === "up" ? "up" : "down", seen: row.updated_at ?? null, reason: "", changeable: false,
    }),
  },
  {
    service: "network", path: "/v2.0/agents", many: "agents",
    read: (row) => ({
      id: String(row.id), binary: row.binary, host: row.host, zone: row.availability_zone ?? "", status: row.admin_state_up === false ? "disabled" : "enabled",
      state: row.alive === true ? "up" : "down", seen: row.heartbeat_timestamp?.replace(" ", "T") ?? null, reason: "", changeable: false,
    }),
  },
];

const visible = (): boolean => known.value && may(LIST);

function ServicesPage() {
  const [found, setFound] = useState<Record<string, Line[]>>({});
  const [failure, setFailure] = useState<Failure | null>(null);
  const [asked, setAsked] = useState<Line | null>(null);
  const [version, setVersion] = useState(0);
  const mine = epoch.value;
  const mayRead = visible();
  useEffect(() => {
    if (!mayRead) return;
    let ended = false;
    let timer = 0;
    const load = (): void => {
      timer = 0;
      for (const { service, path, many, read } of SOURCES) {
        if (!offers(service)) continue;
        ask<Record<string, Other[]>>(service, "GET", path, { version: service === "compute" ? VERSION : undefined }).then(
          (body) => !ended && setFound((before) => ({ ...before, [service]: (body[many] ?? []).map(read) })),
          (error: unknown) => {
            if (!(error instanceof Failure)) throw error;
            if (!ended) setFailure(error);
          },
        );
      }
    };
    load();
    const stop = hear((change) => {
      if (change.resource === "host" && timer === 0) timer = window.setTimeout(load, SOON);
    });
    return () => {
      ended = true;
      window.clearTimeout(timer);
      stop();
    };
  }, [mine, mayRead, version]);
  if (!known.value) return <div class="page" aria-busy="true" />;
  if (!mayRead) return <NoPage />;
  const again = (): void => setVersion(version + 1);
  const enable = (line: Line): Promise<boolean> =>
    attempt(async () => {
      await ask<unknown>("compute", "PUT", `/os-services/${encodeURIComponent(line.id)}`, { body: { status: "enabled" }, version: VERSION });
      again();
    });
  return (
    <div class="page">
      <header class="page-head"><h1>{t("services.title")}</h1></header>
      {failure !== null && <Problem failure={failure} />}
      {SOURCES.filter(({ service }) => offers(service)).map(({ service }) => (
        <Section key={service} title={t(`services.of.${service}`)}>
          <div class="grid-scroll" tabIndex={0} role="region" aria-label={t(`services.of.${service}`)} aria-busy={found[service] === undefined}>
            <table class="grid">
              <thead>
                <tr>
                  {["binary", "host", "state", "status", "zone", "seen", "reason"].map((name) => <th key={name} scope="col">{t(`services.field.${name}`)}</th>)}
                  <th scope="col"><span class="unseen">{t("list.actions")}</span></th>
                </tr>
              </thead>
              <tbody>
                {(found[service] ?? []).map((line) => (
                  <tr key={`${line.binary}/${line.id}`}>
                    <td>{line.binary}</td>
                    <td><bdi>{line.host}</bdi></td>
                    <td><Status status={line.state} /></td>
                    <td><Status status={line.status} /></td>
                    <td><bdi>{line.zone}</bdi></td>
                    <td>{line.seen !== null && <Age text={line.seen} />}</td>
                    <td><bdi>{line.reason}</bdi></td>
                    <td>
                      {line.changeable && (line.status === "enabled" ? (
                        <Button onClick={() => setAsked(line)}>{t("services.disable")}</Button>
                      ) : (
                        <Button onClick={() => void enable(line)}>{t("services.enable")}</Button>
                      ))}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Section>
      ))}
      {asked !== null && <Disable line={asked} onClose={() => setAsked(null)} onDone={again} />}
    </div>
  );
}

const INPUTS: Input[] = [{ name: "reason", kind: "text", longest: 255 }];

function Disable({ line, onClose, onDone }: { line: Line; onClose: () => void; onDone: () => void }) {
  const [values, setValues] = useState<FormValues>(() => initialValues(INPUTS));
  const [busy, setBusy] = useState(false);
  const disable = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (Object.keys(problemsOf(INPUTS, values)).length > 0) return;
    setBusy(true);
    const body = { status: "disabled", ...(values["reason"] === "" ? {} : { disabled_reason: values["reason"] }) };
    const done = await attempt(() => ask<unknown>("compute", "PUT", `/os-services/${encodeURIComponent(line.id)}`, { body, version: VERSION }).then(() => undefined));
    setBusy(false);
    if (!done) return;
    onDone();
    onClose();
  };
  return (
    <Dialog title={t("services.disable")} onClose={onClose}>
      <p>{t("services.disable.ask")} <bdi>{line.host}</bdi></p>
      <form onSubmit={(event) => void disable(event)} noValidate>
        <Inputs prefix="services" inputs={INPUTS} values={values} onChange={setValues} problems={problemsOf(INPUTS, values)} />
        <footer class="dialog-foot">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button look="primary" submit busy={busy}>{t("services.disable")}</Button>
        </footer>
      </form>
    </Dialog>
  );
}

export default page({ name: "services", group: "operator", order: 4, component: ServicesPage, visible });
