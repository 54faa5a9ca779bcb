/** The event log: what happened in the cloud, the newest first, with filters that stand in the address. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { cloud } from "../../generated/types";
import { ask as askCloud, Failure, offers } from "../runtime/api";
import { hear } from "../runtime/changes";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { known } from "../runtime/permissions";
import { named, page } from "../runtime/registry";
import { pageOf, visible as mayList } from "../runtime/resource";
import { ask, query } from "../runtime/router";
import { epoch, session } from "../runtime/session";
import { Button, Empty, Problem, Section } from "../components/basics";
import { EventRow, namedIn, wantSubjects } from "../components/events";
import { NoPage } from "../generic/none";

type Answer = cloud.EventsListBody;

const PAGE = 100;
const SOON = 300;
const NAMES = ["kind", "project", "user", "subject", "since", "until"] as const;
/** What may be asked for by its first words. */
const KINDS = ["server", "server.create", "server.delete", "server.guest", "volume", "snapshot", "image", "network", "port", "router", "floating_ip", "host", "object", "audit"];

const hasPlace = (): boolean => ["project", "system"].includes(session.value?.scope?.kind ?? "") && offers("kumoi");

/** A local time of an input as the API wants it. */
const instant = (text: string): string | undefined => {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
};

function asked(): Record<string, string | undefined> {
  const now = query.value;
  const text = (name: string): string | undefined => now.get(name) || undefined;
  return {
    kind: text("kind"), project: text("project"), user: text("user"), subject: text("subject"),
    since: instant(now.get("since") ?? ""), until: instant(now.get("until") ?? ""),
  };
}

function EventsPage() {
  const [events, setEvents] = useState<cloud.Event[] | null>(null);
  const [earlier, setEarlier] = useState<number | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  /** Earlier ones are looked at: new ones do not replace them. */
  const further = useRef(false);
  const wanted = asked();
  const key = JSON.stringify(wanted);
  const mine = epoch.value;
  const load = async (before: number): Promise<Answer> => askCloud<Answer>("kumoi", "GET", "/events", { query: { ...wanted, before, limit: PAGE } });

  useEffect(() => {
    if (!hasPlace()) return;
    let ended = false;
    let timer = 0;
    further.current = false;
    const begin = (): void => {
      timer = 0;
      load(0).then(
        (body) => {
          if (ended) return;
          setFailure(null);
          setEvents(body.events);
          setEarlier(body.earlier);
        },
        (error: unknown) => {
          if (!(error instanceof Failure)) throw error;
          if (!ended) setFailure(error);
        },
      );
    };
    begin();
    const stop = hear((change) => {
      if (change.resource === "operation" && timer === 0 && !further.current) timer = window.setTimeout(begin, SOON);
    });
    return () => {
      ended = true;
      window.clearTimeout(timer);
      stop();
    };
  }, [key, mine]);

  useEffect(() => wantSubjects(namedIn(events ?? [])), [events]);
  useEffect(() => {
    for (const name of ["projects", "users"]) {
      const to = named(name);
      if (to !== undefined && mayList(to)) collection(to).want();
    }
  }, [mine, known.value]);

  const more = async (): Promise<void> => {
    if (earlier === null) return;
    setBusy(true);
    further.current = true;
    try {
      const body = await load(earlier);
      setEvents((before) => [...(before ?? []), ...body.events]);
      setEarlier(body.earlier);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };

  if (!hasPlace()) return <NoPage />;
  return (
    <div class="page">
      <header class="page-head"><h1>{t("events.title")}</h1></header>
      <Filters />
      {failure !== null && <Problem failure={failure} />}
      <Section title={t("events.newest")}>
        {events !== null && events.length === 0 && <Empty title={t(NAMES.some((name) => query.value.get(name)) ? "list.no_match" : "overview.nothing_yet")} />}
        <ol class="operations" aria-busy={events === null}>
          {(events ?? []).map((each) => (
            <li key={each.id}>
              <EventRow event={each} />
              <Who event={each} />
            </li>
          ))}
        </ol>
        {earlier !== null && <Button busy={busy} onClick={() => void more()}>{t("events.earlier")}</Button>}
      </Section>
    </div>
  );
}

function Filters() {
  const now = query.value;
  const value = (name: string): string => now.get(name) ?? "";
  const choice = (name: "project" | "user", of: string) => {
    const to = named(of);
    if (to === undefined || !mayList(to)) return null;
    return (
      <label>
        <span>{t(`events.${name}`)}</span>
        <select value={value(name)} onChange={(event) => ask({ [name]: event.currentTarget.value })}>
          <option value="">{t("events.any")}</option>
          {collection(to).all().map((row) => <option key={to.id(row)} value={to.id(row)}>{to.title(row)}</option>)}
        </select>
      </label>
    );
  };
  const text = (name: "kind" | "subject", list?: string) => (
    <label>
      <span>{t(`events.${name}`)}</span>
      <input type="text" autocomplete="off" spellcheck={false} list={list} value={value(name)} onChange={(event) => ask({ [name]: event.currentTarget.value.trim() })} />
    </label>
  );
  const time = (name: "since" | "until") => (
    <label>
      <span>{t(`events.${name}`)}</span>
      <input type="datetime-local" value={value(name)} onChange={(event) => ask({ [name]: event.currentTarget.value })} />
    </label>
  );
  return (
    <div class="filters" role="search" aria-label={t("list.filter")}>
      {text("kind", "event-kinds")}
      <datalist id="event-kinds">{KINDS.map((kind) => <option key={kind} value={kind} />)}</datalist>
      {text("subject")}
      {choice("project", "projects")}
      {choice("user", "users")}
      {time("since")}
      {time("until")}
      {NAMES.some((name) => value(name) !== "") && (
        <Button onClick={() => ask(Object.fromEntries(NAMES.map((name) => [name, ""])))}>{t("list.show_all")}</Button>
      )}
    </div>
  );
}

/** Who did it, in which project; with links where there are such pages. */
function Who({ event }: { event: cloud.Event }) {
  const link = (of: string, id: string | null) => {
    if (id === null || id === "") return null;
    const to = named(of);
    const row = to === undefined || !mayList(to) ? undefined : collection(to).get(id);
    if (to === undefined || row === undefined) return null;
    return <a href={pageOf(to, id)}><bdi>{to.title(row)}</bdi></a>;
  };
  return (
    <p class="event-who">
      <span class="code"><bdi>{event.subject}</bdi></span>
      {link("users", event.user_id)}
      {link("projects", event.project_id)}
      {event.request_id !== "" && <span class="code clip"><bdi>{event.request_id}</bdi></span>}
    </p>
  );
}

export default page({ name: "events", group: "operator", order: 3, component: EventsPage, visible: hasPlace });
