/** What the project has and may have, what is broken, and what happened lately. */

import { useEffect, useState } from "preact/hooks";
import { ask, Failure, offers } from "../runtime/api";
import { collection } from "../runtime/collections";
import { hear } from "../runtime/changes";
import { count, gibibytes, mebibytes } from "../runtime/formats";
import { t } from "../runtime/messages";
import { named, ofSubject, resources } from "../runtime/registry";
import { creatable, pageOf, visible, type Resource, type Row } from "../runtime/resource";
import { epoch, projectId, session } from "../runtime/session";
import { Bar, Section } from "../components/basics";
import { Icon } from "../components/icon";
import { OperationRow, useOperations } from "../components/work";
import { scopeName } from "../components/shell";

interface Quota {
  name: string;
  used: number;
  limit: number;
  show: (value: number) => string;
}

interface Source {
  service: string;
  path: (project: string) => string;
  read: (body: any) => Quota[];
}

/** Where the quotas of each service are read. */
const SOURCES: Source[] = [
  {
    service: "compute",
    path: () => "/limits",
    read: ({ limits: { absolute } }) => [
      { name: "servers", used: absolute.totalInstancesUsed, limit: absolute.maxTotalInstances, show: count },
      { name: "cores", used: absolute.totalCoresUsed, limit: absolute.maxTotalCores, show: count },
      { name: "ram", used: absolute.totalRAMUsed, limit: absolute.maxTotalRAMSize, show: mebibytes },
    ],
  },
  {
    service: "volumev3",
    path: () => "/limits",
    read: ({ limits: { absolute } }) => [
      { name: "volumes", used: absolute.totalVolumesUsed, limit: absolute.maxTotalVolumes, show: count },
      { name: "volume_gib", used: absolute.totalGigabytesUsed, limit: absolute.maxTotalVolumeGigabytes, show: gibibytes },
      { name: "snapshots", used: absolute.totalSnapshotsUsed, limit: absolute.maxTotalSnapshots, show: count },
    ],
  },
  {
    service: "network",
    path: (project) => `/v2.0/quotas/${project}/details.json`,
    read: ({ quota }) =>
      ["network", "router", "floatingip", "port", "security_group"].map((name) => ({
        name, used: quota[name].used, limit: quota[name].limit, show: count,
      })),
  },
];

function useQuotas(): Quota[] {
  const [found, setFound] = useState<Record<string, Quota[]>>({});
  const mine = epoch.value;
  const project = projectId.value;
  useEffect(() => {
    let timer = 0;
    let ended = false;
    const load = (): void => {
      timer = 0;
      for (const source of SOURCES) {
        if (!offers(source.service) || project === "") continue;
        ask<unknown>(source.service, "GET", source.path(project)).then(
          (body) => !ended && setFound((before) => ({ ...before, [source.service]: source.read(body) })),
          (error: unknown) => {
            if (!(error instanceof Failure)) throw error;
          },
        );
      }
    };
    load();
    const stop = hear(() => {
      if (timer === 0) timer = window.setTimeout(load, 2000);
    });
    return () => {
      ended = true;
      window.clearTimeout(timer);
      stop();
    };
  }, [mine, project]);
  return SOURCES.flatMap((source) => found[source.service] ?? []);
}

export function OverviewPage() {
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
      <Broken />
      <div class="overview-columns">
        <Recent />
        <Quotas />
      </div>
    </div>
  );
}

function Quotas() {
  const quotas = useQuotas();
  if (quotas.length === 0) return null;
  return (
    <Section title={t("overview.quotas")}>
      <div class="bars">
        {quotas.map((each) => (
          <Bar
            key={each.name}
            used={each.used}
            limit={each.limit}
            title={t(`quota.${each.name}`)}
            text={each.limit < 0 ? t("quota.unlimited", { used: each.show(each.used) }) : t("quota.of", { used: each.show(each.used), limit: each.show(each.limit) })}
          />
        ))}
      </div>
    </Section>
  );
}

/** Objects of which something is wrong, each with a way there. */
function Broken() {
  const watched = resources().filter((each) => each.broken !== undefined && visible(each));
  useEffect(() => watched.forEach((each) => collection(each).want()), [epoch.value, watched.length]);
  const found = watched.flatMap((each: Resource) =>
    collection(each).all().flatMap((row: Row) => {
      const reason = each.broken!(row);
      return reason === null ? [] : [{ resource: each, row, reason }];
    }),
  );
  if (found.length === 0) return null;
  return (
    <Section title={t("overview.broken", { count: found.length })}>
      <ul class="broken">
        {found.slice(0, 8).map(({ resource, row, reason }) => (
          <li key={`${resource.name}/${resource.id(row)}`}>
            <Icon name="alert" />
            <div>
              <p><span class="faint">{t(`${resource.name}.one`)}</span> <a href={pageOf(resource, resource.id(row))}><bdi>{resource.title(row) || resource.id(row)}</bdi></a></p>
              <p class="faint">{reason}</p>
            </div>
            <a class="button" href={pageOf(resource, resource.id(row))}>{t("overview.look")}</a>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Recent() {
  const all = useOperations(undefined, 12);
  useEffect(() => {
    for (const kind of new Set(all?.map((each) => each.kind.split(".")[0]!))) {
      const resource = ofSubject(kind);
      if (resource !== undefined && visible(resource)) collection(resource).want();
    }
  }, [all]);
  return (
    <Section title={t("overview.recent")}>
      {all !== null && all.length === 0 && <p class="faint">{t("overview.nothing_yet")}</p>}
      <ol class="operations">
        {(all ?? []).map((each) => <li key={each.id}><OperationRow operation={each} open={false} named /></li>)}
      </ol>
    </Section>
  );
}
