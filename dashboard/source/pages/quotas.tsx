/** The quotas of all projects with what they use, and sums; each limit may be changed. */

import { useEffect, useState } from "preact/hooks";
import type { cloud } from "../../generated/types";
import { address, ask, Failure, offers, send } from "../runtime/api";
import { hear } from "../runtime/changes";
import { collection } from "../runtime/collections";
import { bytes, count } from "../runtime/formats";
import { t } from "../runtime/messages";
import { known, may } from "../runtime/permissions";
import { named, page } from "../runtime/registry";
import { pageOf, visible as mayList } from "../runtime/resource";
import { ask as askAddress, query } from "../runtime/router";
import { epoch } from "../runtime/session";
import { attempt, Button, Dialog, Problem, Section } from "../components/basics";
import { NoPage } from "../generic/none";
import { figure, quotaTitle, unitOf } from "../parts/quotas";

type Answer = cloud.QuotasListBody;

const LIST = { service: "kumoi", method: "GET", path: "/quotas" } as const;
const SOON = 1_000;
const AT_ONCE = 4;
const STORE = "object-store";
/** Service → its type in the catalogue, and how a limit is set there. */
const SERVICES: Record<string, { type: string; set: (project: string, resource: string, limit: number) => Promise<unknown> }> = {
  compute: {
    type: "compute",
    set: (project, resource, limit) => ask("compute", "PUT", `/os-quota-sets/${project}`, { body: { quota_set: { [resource]: limit } }, version: "compute 2.96" }),
  },
  block_storage: { type: "volumev3", set: (project, resource, limit) => ask("volumev3", "PUT", `/os-quota-sets/${project}`, { body: { quota_set: { [resource]: limit } } }) },
  network: { type: "network", set: (project, resource, limit) => ask("network", "PUT", `/v2.0/quotas/${project}`, { body: { quota: { [resource]: limit } } }) },
};

interface Figure {
  limit: number;
  /** The project has a limit of its own. */
  own: boolean;
  used: number;
}

const visible = (): boolean => known.value && may(LIST);

function useAnswer(): { answer: Answer | null; failure: Failure | null; again: () => void } {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [version, setVersion] = useState(0);
  const mine = epoch.value;
  const mayRead = visible();
  useEffect(() => {
    if (!mayRead) return;
    let ended = false;
    let timer = 0;
    const load = (): void => {
      timer = 0;
      ask<Answer>("kumoi", "GET", "/quotas").then(
        (body) => !ended && setAnswer(body),
        (error: unknown) => {
          if (!(error instanceof Failure)) throw error;
          if (!ended) setFailure(error);
        },
      );
    };
    load();
    const stop = hear(() => {
      if (timer === 0) timer = window.setTimeout(load, SOON);
    });
    return () => {
      ended = true;
      window.clearTimeout(timer);
      stop();
    };
  }, [mine, mayRead, version]);
  return { answer, failure, again: () => setVersion(version + 1) };
}

function QuotasPage() {
  const { answer, failure, again } = useAnswer();
  const projects = named("projects")!;
  const mine = epoch.value;
  useEffect(() => {
    if (mayList(projects)) collection(projects).want();
  }, [mine, known.value]);
  if (!known.value) return <div class="page" aria-busy="true" />;
  if (!visible()) return <NoPage />;
  const tabs = [...Object.entries(SERVICES).filter(([, { type }]) => offers(type)).map(([name]) => name), ...(offers(STORE) ? [STORE] : [])];
  const asked = query.value.get("service") ?? "";
  const chosen = tabs.includes(asked) ? asked : (tabs[0] ?? "");
  const rows = collection(projects).all().map((row) => ({ id: projects.id(row), name: projects.title(row) }));
  rows.sort((one, other) => one.name.localeCompare(other.name));
  return (
    <div class="page" aria-busy={answer === null && failure === null}>
      <header class="page-head"><h1>{t("quotas.title")}</h1></header>
      <div class="tabs" role="group" aria-label={t("quotas.service")}>
        {tabs.map((each) => (
          <button key={each} type="button" class="tab" aria-pressed={each === chosen} onClick={() => askAddress({ service: each })}>{t(`quotas.of.${each}`)}</button>
        ))}
      </div>
      {failure !== null && <Problem failure={failure} />}
      {answer !== null && (chosen === STORE ? <Stores projects={rows} /> : <Figures service={chosen} answer={answer} projects={rows} onChange={again} />)}
    </div>
  );
}

interface Project {
  id: string;
  name: string;
}

const sum = (figures: Figure[], of: "limit" | "used"): number =>
  of === "limit" && figures.some((each) => each.limit < 0) ? -1 : figures.reduce((all, each) => all + each[of], 0);

function Figures({ service, answer, projects, onChange }: { service: string; answer: Answer; projects: Project[]; onChange: () => void }) {
  const [asked, setAsked] = useState<{ project: Project; resource: string; figure: Figure } | null>(null);
  const columns = answer.defaults.filter((each) => each.service === service && each.counted);
  const own = new Map(answer.projects.map((each) => [each.project_id, each.quotas]));
  const figureOf = (project: string, resource: string, fallback: number): Figure => {
    const found = own.get(project)?.find((each) => each.service === service && each.resource === resource);
    return { limit: found?.limit ?? fallback, own: found?.limit != null, used: found?.used ?? 0 };
  };
  const text = (resource: string, { used, limit }: Pick<Figure, "used" | "limit">): string => `${figure(resource, used)} / ${limit < 0 ? "∞" : figure(resource, limit)}`;
  const full = ({ used, limit }: Figure): boolean => limit >= 0 && used >= limit && used > 0;
  return (
    <Section title={t(`quotas.of.${service}`)}>
      <p class="help">{t("quotas.what")}</p>
      <div class="grid-scroll" tabIndex={0} role="region" aria-label={t(`quotas.of.${service}`)}>
        <table class="grid">
          <thead>
            <tr>
              <th scope="col">{t("field.project")}</th>
              {columns.map(({ resource }) => <th key={resource} scope="col" class="amount">{quotaTitle(resource)}</th>)}
            </tr>
          </thead>
          <tbody>
            {projects.map((project) => (
              <tr key={project.id}>
                <th scope="row"><a href={pageOf(named("projects")!, project.id)}><bdi>{project.name}</bdi></a></th>
                {columns.map(({ resource, limit }) => {
                  const found = figureOf(project.id, resource, limit);
                  return (
                    <td key={resource} class="amount">
                      <button
                        type="button"
                        class={`cell-button${full(found) ? " full" : ""}${found.own ? " own-limit" : ""}`}
                        aria-label={t("quotas.change", { project: project.name, resource: quotaTitle(resource), figure: text(resource, found) })}
                        onClick={() => setAsked({ project, resource, figure: found })}
                      >
                        {text(resource, found)}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{t("quotas.sum")}</th>
              {columns.map(({ resource, limit }) => {
                const all = projects.map((project) => figureOf(project.id, resource, limit));
                return <td key={resource} class="amount">{text(resource, { used: sum(all, "used"), limit: sum(all, "limit") })}</td>;
              })}
            </tr>
          </tfoot>
        </table>
      </div>
      {asked !== null && (
        <Limit
          title={quotaTitle(asked.resource)}
          project={asked.project}
          unit={unitOf(asked.resource)}
          limit={asked.figure.limit}
          note={t("quotas.used", { used: figure(asked.resource, asked.figure.used) })}
          set={(limit) => SERVICES[service]!.set(encodeURIComponent(asked.project.id), asked.resource, limit)}
          onClose={() => setAsked(null)}
          onDone={onChange}
        />
      )}
    </Section>
  );
}

interface LimitProps {
  title: string;
  project: Project;
  unit: string;
  limit: number;
  note: string;
  set: (limit: number) => Promise<unknown>;
  onClose: () => void;
  onDone: () => void;
}

/** Asks for a limit; none if it is left empty. */
function Limit({ title, project, unit, limit, note, set, onClose, onDone }: LimitProps) {
  const [text, setText] = useState(limit < 0 ? "" : String(limit));
  const [busy, setBusy] = useState(false);
  const wrong = !/^\d{0,15}$/.test(text);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (wrong) return;
    setBusy(true);
    const done = await attempt(() => set(text === "" ? -1 : Number(text)).then(() => undefined));
    setBusy(false);
    if (!done) return;
    onDone();
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <p><bdi>{project.name}</bdi> <span class="faint">{note}</span></p>
      <form onSubmit={(event) => void save(event)} noValidate>
        <div class="input-row">
          <label for="quota-limit">{t("quotas.limit")}</label>
          <span class="input-with">
            <input
              id="quota-limit" type="text" inputMode="numeric" autocomplete="off" value={text} aria-invalid={wrong ? true : undefined}
              aria-describedby="quota-help" onInput={(event) => setText(event.currentTarget.value.trim())}
            />
            {unit !== "" && <span class="unit">{unit}</span>}
          </span>
          <p class="help" id="quota-help">{t("quotas.limit.help")}</p>
          {wrong && <p class="wrong" role="alert">{t("form.number")}</p>}
        </div>
        <footer class="dialog-foot">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button look="primary" submit busy={busy}>{t("save")}</Button>
        </footer>
      </form>
    </Dialog>
  );
}

interface Account {
  bytes: number;
  objects: number;
  containers: number;
  limit: number;
}

const QUOTA = "X-Account-Meta-Quota-Bytes";

/** The store's path in the catalogue ends with the account of the caller's project. */
const accountOf = (project: string): string => address(STORE, "").replace(/AUTH_[^/]*$/, `AUTH_${encodeURIComponent(project)}`);

/** Null: the project has stored nothing yet. */
async function account(project: string): Promise<Account | null> {
  try {
    const { headers } = await send("", "HEAD", accountOf(project));
    const amount = (name: string): number => Number(headers.get(name) ?? 0);
    const quota = headers.get(QUOTA);
    return {
      bytes: amount("X-Account-Bytes-Used"), objects: amount("X-Account-Object-Count"), containers: amount("X-Account-Container-Count"),
      limit: quota === null || quota === "" ? -1 : Number(quota),
    };
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** Accounts of the object store, which has its own quotas. */
function Stores({ projects }: { projects: Project[] }) {
  const [found, setFound] = useState<Record<string, Account | null>>({});
  const [asked, setAsked] = useState<Project | null>(null);
  const ids = projects.map((each) => each.id).join();
  const look = async (id: string): Promise<void> => {
    const what = await account(id);
    setFound((before) => ({ ...before, [id]: what }));
  };
  useEffect(() => {
    let ended = false;
    const queue = projects.map((each) => each.id);
    const work = async (): Promise<void> => {
      for (let id = queue.shift(); id !== undefined && !ended; id = queue.shift()) await look(id);
    };
    void Promise.all(Array.from({ length: Math.min(AT_ONCE, queue.length) }, work));
    return () => {
      ended = true;
    };
  }, [ids]);
  const known = Object.values(found).flatMap((each) => each ?? []);
  const limit = known.length < projects.length || known.some((each) => each.limit < 0) ? -1 : known.reduce((all, each) => all + each.limit, 0);
  const text = (used: number, most: number): string => `${bytes(used)} / ${most < 0 ? "∞" : bytes(most)}`;
  const total = (of: "bytes" | "objects" | "containers"): number => known.reduce((all, each) => all + each[of], 0);
  return (
    <Section title={t(`quotas.of.${STORE}`)}>
      <p class="help">{t("quotas.what")}</p>
      <div class="grid-scroll" tabIndex={0} role="region" aria-label={t(`quotas.of.${STORE}`)}>
        <table class="grid">
          <thead>
            <tr>
              <th scope="col">{t("field.project")}</th>
              {["bytes", "objects", "containers"].map((name) => <th key={name} scope="col" class="amount">{t(`quotas.${name}`)}</th>)}
            </tr>
          </thead>
          <tbody>
            {projects.map((project) => {
              const each = found[project.id];
              const stored = text(each?.bytes ?? 0, each?.limit ?? -1);
              return (
                <tr key={project.id}>
                  <th scope="row"><a href={pageOf(named("projects")!, project.id)}><bdi>{project.name}</bdi></a></th>
                  <td class="amount">
                    <button
                      type="button" class="cell-button" onClick={() => setAsked(project)}
                      aria-label={t("quotas.change", { project: project.name, resource: t("quotas.bytes"), figure: stored })}
                    >
                      {stored}
                    </button>
                  </td>
                  <td class="amount">{count(each?.objects ?? 0)}</td>
                  <td class="amount">{count(each?.containers ?? 0)}</td>
                </tr>
              );
            })}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{t("quotas.sum")}</th>
              <td class="amount">{text(total("bytes"), limit)}</td>
              <td class="amount">{count(total("objects"))}</td>
              <td class="amount">{count(total("containers"))}</td>
            </tr>
          </tfoot>
        </table>
      </div>
      {asked !== null && (
        <Limit
          title={t("quotas.bytes")}
          project={asked}
          unit="B"
          limit={found[asked.id]?.limit ?? -1}
          note={t("quotas.used", { used: bytes(found[asked.id]?.bytes ?? 0) })}
          set={(most) => send("", "POST", accountOf(asked.id), { headers: { [QUOTA]: most < 0 ? "" : String(most) } })}
          onClose={() => setAsked(null)}
          onDone={() => void look(asked.id)}
        />
      )}
    </Section>
  );
}

export default page({ name: "quotas", group: "operator", order: 6, component: QuotasPage, visible });
