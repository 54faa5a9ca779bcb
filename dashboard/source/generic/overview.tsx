/** What the project has and may have, what is broken, and what happened lately: all from `/kumoi/v1/overview`. */

import { useEffect, useState } from "preact/hooks";
import type { cloud } from "../../generated/types";
import { ask, Failure, offers } from "../runtime/api";
import { collection } from "../runtime/collections";
import { hear } from "../runtime/changes";
import { has, t } from "../runtime/messages";
import { named, pages, resources } from "../runtime/registry";
import { creatable, pageOf, visible, type Resource, type Row } from "../runtime/resource";
import { epoch, session } from "../runtime/session";
import { Bar, Section } from "../components/basics";
import { EventRow, namedIn, SubjectLink, wantSubjects } from "../components/events";
import { Icon } from "../components/icon";
import { kindTitle } from "../components/work";
import { scopeName } from "../components/shell";
import { quotaText, quotaTitle } from "../parts/quotas";

type Overview = cloud.Overview;

const SOON = 200;
const OFTEN = 2_000;

/** Asked again while things change. Null: not known yet, or the scope has none. */
function useOverview(): Overview | null {
  const [found, setFound] = useState<Overview | null>(null);
  const mine = epoch.value;
  const kind = session.value?.scope?.kind ?? "domain";
  useEffect(() => {
    setFound(null);
    if (kind === "domain" || !offers("kumoi")) return;
    let ended = false;
    let timer = 0;
    let last = 0;
    const load = (): void => {
      timer = 0;
      last = Date.now();
      ask<{ overview: Overview }>("kumoi", "GET", "/overview").then(
        ({ overview }) => !ended && setFound(overview),
        (error: unknown) => {
          if (!(error instanceof Failure)) throw error;
        },
      );
    };
    load();
    const stop = hear(() => {
      if (timer === 0) timer = window.setTimeout(load, Math.max(SOON, last + OFTEN - Date.now()));
    });
    return () => {
      ended = true;
      window.clearTimeout(timer);
      stop();
    };
  }, [mine, kind]);
  return found;
}

export function OverviewPage() {
  const found = useOverview();
  const scope = session.value?.scope ?? null;
  const servers = named("servers");
  return (
    <div class="page overview">
      <header class="page-head">
        <h1 class="clip"><bdi>{scope === null ? t("overview.title") : scopeName(scope)}</bdi></h1>
        <span class="space" />
        {servers !== undefined && creatable(servers) && (
          <a class="button primary" href={`${pageOf(servers)}/new`}><Icon name="plus" /><span>{t("servers.new")}</span></a>
        )}
      </header>
      <Broken failures={found?.failures ?? []} />
      <div class="overview-columns">
        <Recent events={found?.events ?? null} />
        <Quotas quotas={found?.quotas ?? []} />
      </div>
    </div>
  );
}

/** Those that people meet first; the others are one level below. */
const FIRST = [
  "compute/instances", "compute/cores", "compute/ram", "block_storage/volumes", "block_storage/gigabytes", "network/network",
  "network/floatingip", "image/image_size_total",
];
const NEAR = 0.8;

function Quotas({ quotas }: { quotas: cloud.Quota[] }) {
  if (quotas.length === 0) return null;
  const key = (each: cloud.Quota): string => `${each.service}/${each.resource}`;
  const near = (each: cloud.Quota): boolean => each.limit >= 0 && each.used > 0 && each.used >= NEAR * each.limit;
  const shown = [
    ...FIRST.flatMap((name) => quotas.find((each) => key(each) === name) ?? []),
    ...quotas.filter((each) => near(each) && !FIRST.includes(key(each))),
  ];
  const rest = quotas.filter((each) => !shown.includes(each));
  const bars = (all: cloud.Quota[]) => (
    <div class="bars">
      {all.map((each) => (
        <Bar key={key(each)} used={each.used} limit={each.limit} title={quotaTitle(each.resource)} text={quotaText(each.resource, each.used, each.limit)} />
      ))}
    </div>
  );
  return (
    <Section title={t("overview.quotas")}>
      {bars(shown)}
      {rest.length > 0 && (
        <details class="advanced">
          <summary>{t("overview.all_quotas")}</summary>
          {bars(rest)}
        </details>
      )}
    </Section>
  );
}

interface Wrong {
  key: string;
  what: string;
  /** What it is about: `server/<id>`. */
  subject: string | null;
  /** Its name, where that is known already. */
  name: string;
  reason: string;
  advice: string;
  /** Where something can be done about it. */
  href: string;
}

/** Objects that are broken now. */
function brokenObjects(watched: Resource[]): Wrong[] {
  return watched.flatMap((each) =>
    collection(each, each.brokenQuery).all().flatMap((row: Row) => {
      const reason = each.broken!(row);
      const id = each.id(row);
      if (reason === null) return [];
      const subject = `${each.subject}/${id}`;
      return [{ key: subject, what: t(`${each.name}.one`), subject, name: each.title(row) || id, reason, advice: "", href: pageOf(each, id) }];
    }),
  );
}

const subjectOf = (failure: cloud.Failure): string | null => {
  const kind = failure.kind.split(".")[0]!;
  return failure.subjects.find((each) => each.startsWith(`${kind}/`)) ?? null;
};

/** What a person may do about it, by the operation and the step at which it failed. */
function advice({ kind, step }: cloud.Failure): string {
  const key = [`advice.${kind}.${step}`, `advice.${step}`].find(has);
  return key === undefined ? "" : t(key);
}

function failed(failure: cloud.Failure): Wrong {
  const operations = named("operations")!;
  return {
    key: failure.operation_id, what: kindTitle(failure.kind), subject: subjectOf(failure), name: "", advice: advice(failure),
    reason: failure.reason ?? t("overview.no_reason"), href: pageOf(operations, failure.operation_id),
  };
}

const SHOWN = 8;

function Broken({ failures }: { failures: cloud.Failure[] }) {
  const watched = resources().filter((each) => each.broken !== undefined && visible(each));
  useEffect(() => watched.forEach((each) => collection(each, each.brokenQuery).want()), [epoch.value, watched.length]);
  useEffect(() => wantSubjects(failures.flatMap((each) => subjectOf(each) ?? [])), [failures]);
  const objects = brokenObjects(watched);
  const told = new Map(failures.map((each) => [subjectOf(each), each]));
  const explained = objects.map((each) => ({ ...each, advice: each.subject !== null && told.has(each.subject) ? advice(told.get(each.subject)!) : "" }));
  const known = new Set(objects.map((each) => each.subject));
  const all = [...explained, ...failures.filter((each) => !known.has(subjectOf(each))).map(failed)];
  if (all.length === 0) return null;
  return (
    <Section title={t("overview.broken", { count: all.length })}>
      <ul class="broken">
        {all.slice(0, SHOWN).map((each) => (
          <li key={each.key}>
            <Icon name="alert" />
            <div>
              <p>
                <span class="faint">{each.what}</span>{" "}
                {each.name !== "" ? <a href={each.href}><bdi>{each.name}</bdi></a> : each.subject !== null && <SubjectLink subject={each.subject} />}
              </p>
              <p class="faint"><bdi>{each.reason}</bdi></p>
              {each.advice !== "" && <p>{each.advice}</p>}
            </div>
            <a class="button" href={each.href}>{t("overview.look")}</a>
          </li>
        ))}
      </ul>
      {all.length > SHOWN && <p class="faint"><a href="/operations?state=undone">{t("and_more", { count: all.length - SHOWN })}</a></p>}
    </Section>
  );
}

/** Of each operation only the last thing that happened. */
function lastOfEach(events: cloud.Event[]): cloud.Event[] {
  const seen = new Set<unknown>();
  return events.filter((each) => {
    const operation = each.facts["operation"];
    if (operation === undefined) return true;
    if (seen.has(operation)) return false;
    seen.add(operation);
    return true;
  });
}

function Recent({ events }: { events: cloud.Event[] | null }) {
  const shown = lastOfEach(events ?? []);
  useEffect(() => wantSubjects(namedIn(shown)), [events]);
  const log = pages().find((each) => each.name === "events");
  const more = log?.visible?.() === true && <a class="faint" href={`/${log.name}`}>{t("overview.all_events")}</a>;
  return (
    <Section title={t("overview.recent")} aside={more}>
      {events !== null && shown.length === 0 && <p class="faint">{t("overview.nothing_yet")}</p>}
      <ol class="operations">{shown.map((each) => <li key={each.id}><EventRow event={each} /></li>)}</ol>
    </Section>
  );
}
