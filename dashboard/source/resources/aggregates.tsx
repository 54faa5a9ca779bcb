/** Aggregates: hosts that belong together, and availability zones. */

import type { compute } from "../../generated/types";
import { collection } from "../runtime/collections";
import { ask } from "../runtime/api";
import { t } from "../runtime/messages";
import { known, may, type Route } from "../runtime/permissions";
import { named } from "../runtime/registry";
import { resource, type Row } from "../runtime/resource";
import { command, optional } from "../runtime/wording";
import { difference, PairsSection } from "../parts/pairs";

type Aggregate = compute.Aggregate;

const AGGREGATES = "/os-aggregates";
const VERSION = "compute 2.96";
const act = (action: string): Route => ({ service: "compute", method: "POST", path: `${AGGREGATES}/{aggregate_id}/action`, action });
const hostname = (row: Row): string => String(row["hypervisor_hostname"]);

function Metadata({ row }: { row: Aggregate }) {
  return (
    <PairsSection
      title={t("field.metadata")}
      pairs={row.metadata ?? {}}
      writable={may(act("set_metadata"))}
      save={async (wanted, before) => {
        const { set, gone } = difference(before, wanted);
        const metadata = { ...set, ...Object.fromEntries(gone.map((key) => [key, null])) };
        await ask("compute", "POST", `${AGGREGATES}/${row.id}/action`, { body: { set_metadata: { metadata } }, version: VERSION });
        await collection(named("aggregates")!).fetch(String(row.id));
      }}
    />
  );
}

export default resource<Aggregate>({
  name: "aggregates",
  group: "operator",
  order: 2,
  service: "compute",
  version: VERSION,
  list: AGGREGATES,
  item: `${AGGREGATES}/{id}`,
  many: "aggregates",
  one: "aggregate",
  subject: "aggregate",
  paging: "none",
  sort: "name",
  // Few may see them: nothing is asked before it is known who.
  visible: () => known.value,
  fields: [
    { name: "name", width: "180px" },
    { name: "zone", value: (row) => row.availability_zone, width: "150px", detail: "top" },
    { name: "hosts", kind: "list", value: (row) => row.hosts ?? [], width: "200px", detail: "top" },
    { name: "metadata", kind: "map", column: "offered", detail: "never" },
    { name: "id", kind: "code", column: "offered" },
    { name: "created_at", kind: "time", column: "offered", width: "110px" },
  ],
  panels: [{ name: "metadata", component: Metadata }],
  actions: [
    {
      name: "add_host", route: act("add_host"), single: true,
      form: (row) => [{
        name: "host", kind: "choice", required: true, options: "hosts", only: (host) => !(row.hosts ?? []).includes(hostname(host)),
        option: (host) => ({ value: hostname(host), title: hostname(host) }),
      }],
      withValues: (_, { host }) => ({ add_host: { host } }),
    },
    {
      name: "remove_host", route: act("remove_host"), single: true, when: (row) => (row.hosts ?? []).length > 0,
      form: (row) => [{ name: "host", kind: "choice", required: true, preselect: true, options: () => (row.hosts ?? []).map((value) => ({ value, title: value })) }],
      withValues: (_, { host }) => ({ remove_host: { host } }),
    },
  ],
  change: {
    method: "PUT",
    inputs: [{ name: "name", kind: "text", required: true, longest: 255 }],
    body: ({ name }) => ({ aggregate: { name } }),
  },
  form: {
    route: { service: "compute", method: "POST", path: AGGREGATES },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "zone", kind: "text", longest: 255 },
    ],
    body: ({ name, zone }) => ({ aggregate: { name, availability_zone: zone === "" ? null : zone } }),
    command: ({ name, zone }) => command("openstack aggregate create", optional("zone", zone), name),
    terraform: ({ name, zone }) => [{ type: "openstack_compute_aggregate_v2", arguments: { name, zone } }],
  },
});
