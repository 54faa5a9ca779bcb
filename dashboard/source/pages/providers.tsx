/** The placement tree: what each resource provider has, how much is taken, and by whom. */

import { useEffect, useState } from "preact/hooks";
import { ask, Failure, offers } from "../runtime/api";
import { hear } from "../runtime/changes";
import { collection } from "../runtime/collections";
import { count, gibibytes, mebibytes } from "../runtime/formats";
import { t } from "../runtime/messages";
import { known, may } from "../runtime/permissions";
import { named, page } from "../runtime/registry";
import { pageOf, visible as mayList } from "../runtime/resource";
import { epoch } from "../runtime/session";
import { Bar, Copy, Empty, Problem, Section } from "../components/basics";
import { NoPage } from "../generic/none";

const VERSION = "placement 1.39";
const LIST = { service: "placement", method: "GET", path: "/resource_providers" } as const;
const SOON = 500;
const AT_ONCE = 4;

interface Provider {
  uuid: string;
  name: string;
  parent_provider_uuid: string | null;
}

interface Inventory {
  total: number;
  reserved: number;
  allocation_ratio: number;
}

interface Held {
  inventories: Record<string, Inventory>;
  usages: Record<string, number>;
  traits: string[];
  /** Consumer → class → amount. */
  allocations: Record<string, Record<string, number>>;
}

const visible = (): boolean => known.value && may(LIST);

const get = <T,>(path: string): Promise<T> => ask<T>("placement", "GET", path, { version: VERSION });

async function heldBy(id: string): Promise<Held> {
  const one = `/resource_providers/${encodeURIComponent(id)}`;
  const [{ inventories }, { usages }, { traits }, { allocations }] = await Promise.all([
    get<Pick<Held, "inventories">>(`${one}/inventories`),
    get<Pick<Held, "usages">>(`${one}/usages`),
    get<Pick<Held, "traits">>(`${one}/traits`),
    get<{ allocations: Record<string, { resources: Record<string, number> }> }>(`${one}/allocations`),
  ]);
  return { inventories, usages, traits, allocations: Object.fromEntries(Object.entries(allocations).map(([consumer, { resources }]) => [consumer, resources])) };
}

function amount(name: string, value: number): string {
  if (name === "MEMORY_MB") return mebibytes(value);
  return name === "DISK_GB" ? gibibytes(value) : count(value);
}

function ProvidersPage() {
  const [providers, setProviders] = useState<Provider[] | null>(null);
  const [held, setHeld] = useState<Record<string, Held>>({});
  const [failure, setFailure] = useState<Failure | null>(null);
  const mine = epoch.value;
  const mayRead = visible();
  useEffect(() => {
    if (!mayRead) return;
    let ended = false;
    let timer = 0;
    const load = async (): Promise<void> => {
      timer = 0;
      try {
        const { resource_providers: found } = await get<{ resource_providers: Provider[] }>("/resource_providers");
        if (ended) return;
        setProviders(found);
        const queue = found.map((each) => each.uuid);
        const work = async (): Promise<void> => {
          for (let id = queue.shift(); id !== undefined && !ended; id = queue.shift()) {
            const one = id;
            const what = await heldBy(one);
            if (!ended) setHeld((before) => ({ ...before, [one]: what }));
          }
        };
        await Promise.all(Array.from({ length: Math.min(AT_ONCE, queue.length) }, work));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        // One that went meanwhile is not in the next list.
        if (!ended && error.status !== 404) setFailure(error);
      }
    };
    void load();
    const stop = hear((change) => {
      if (["host", "server", "resource_provider"].includes(change.resource) && timer === 0) timer = window.setTimeout(() => void load(), SOON);
    });
    return () => {
      ended = true;
      window.clearTimeout(timer);
      stop();
    };
  }, [mine, mayRead]);
  useEffect(() => {
    const servers = named("servers");
    if (mayRead && servers !== undefined && offers("compute")) collection(servers, servers.everywhere, true).want();
  }, [mine, mayRead]);
  if (!known.value) return <div class="page" aria-busy="true" />;
  if (!mayRead) return <NoPage />;
  const below = (parent: string | null): Provider[] => (providers ?? []).filter((each) => each.parent_provider_uuid === parent);
  return (
    <div class="page" aria-busy={providers === null && failure === null}>
      <header class="page-head"><h1>{t("providers.title")}</h1></header>
      {failure !== null && <Problem failure={failure} />}
      {providers !== null && providers.length === 0 && <Empty title={t("providers.none")} />}
      <Branch providers={below(null)} below={below} held={held} />
    </div>
  );
}

interface BranchProps {
  providers: Provider[];
  below: (parent: string) => Provider[];
  held: Record<string, Held>;
}

function Branch({ providers, below, held }: BranchProps) {
  if (providers.length === 0) return null;
  return (
    <ul class="tree">
      {providers.map((each) => (
        <li key={each.uuid}>
          <Section title={each.name} aside={<span class="code faint clip"><bdi>{each.uuid}</bdi><Copy text={each.uuid} what={t("field.id")} /></span>}>
            {held[each.uuid] !== undefined && <Holding held={held[each.uuid]!} />}
          </Section>
          <Branch providers={below(each.uuid)} below={below} held={held} />
        </li>
      ))}
    </ul>
  );
}

function Holding({ held: { inventories, usages, traits, allocations } }: { held: Held }) {
  const consumers = Object.entries(allocations);
  return (
    <>
      <div class="bars">
        {Object.entries(inventories).map(([name, { total, reserved, allocation_ratio: ratio }]) => {
          const limit = Math.floor((total - reserved) * ratio);
          const used = usages[name] ?? 0;
          const text = t("quota.of", { used: amount(name, used), limit: amount(name, limit) });
          return <Bar key={name} used={used} limit={limit} title={name} text={ratio === 1 && reserved === 0 ? text : `${text} (${t("providers.sized", { total: amount(name, total), reserved: amount(name, reserved), ratio: String(ratio) })})`} />;
        })}
      </div>
      {traits.length > 0 && (
        <details class="advanced holders">
          <summary>{t("providers.traits", { count: traits.length })}</summary>
          <span class="tags">{traits.map((each) => <span key={each} class="tag"><bdi>{each}</bdi></span>)}</span>
        </details>
      )}
      {consumers.length > 0 && (
        <details class="advanced holders">
          <summary>{t("providers.consumers", { count: consumers.length })}</summary>
          <ul class="names">
            {consumers.map(([consumer, resources]) => (
              <li key={consumer}>
                <Consumer id={consumer} />{" "}
                <span class="faint number">{Object.entries(resources).map(([name, value]) => `${name} ${amount(name, value)}`).join(", ")}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Consumer({ id }: { id: string }) {
  const servers = named("servers");
  const row = servers === undefined || !mayList(servers) ? undefined : collection(servers, servers.everywhere, true).get(id);
  if (servers === undefined || row === undefined) return <span class="code"><bdi>{id}</bdi></span>;
  return <a href={pageOf(servers, id)}><bdi>{servers.title(row) || id}</bdi></a>;
}

export default page({ name: "providers", group: "operator", order: 5, component: ProvidersPage, visible });
