/** QoS specs: limits of throughput for volumes of some types. */

import type { block_storage } from "../../generated/types";
import { ask } from "../runtime/api";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { known, may } from "../runtime/permissions";
import { named } from "../runtime/registry";
import { resource } from "../runtime/resource";
import { command, mapped, option, pairs } from "../runtime/wording";
import { difference, PairsSection } from "../parts/pairs";

type Specs = block_storage.QosSpecs;

const SPECS = "/qos-specs";
const CONSUMERS = ["front-end", "back-end", "both"];

function Pairs({ row }: { row: Specs }) {
  const path = `${SPECS}/${encodeURIComponent(row.id)}`;
  return (
    <PairsSection
      title={t("qos_specs.field.specs")}
      pairs={row.specs}
      writable={may({ service: "volumev3", method: "PUT", path: `${SPECS}/{specs_id}` })}
      save={async (wanted, before) => {
        const { set, gone } = difference(before, wanted);
        if (Object.keys(set).length > 0) await ask("volumev3", "PUT", path, { body: { qos_specs: set } });
        if (gone.length > 0) await ask("volumev3", "PUT", `${path}/delete_keys`, { body: { keys: gone } });
        await collection(named("qos_specs")!).fetch(row.id);
      }}
    />
  );
}

export default resource<Specs>({
  name: "qos_specs",
  group: "storage",
  order: 8,
  service: "volumev3",
  version: "volume 3.70",
  list: SPECS,
  item: `${SPECS}/{id}`,
  many: "qos_specs",
  one: "qos_specs",
  subject: "qos_spec",
  sort: "name",
  // Few may see them: nothing is asked before it is known who.
  visible: () => known.value,
  fields: [
    { name: "name", width: "180px" },
    { name: "consumer", width: "130px", detail: "top" },
    { name: "specs", kind: "map", width: "220px", detail: "never" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
  ],
  panels: [{ name: "specs", component: Pairs }],
  relations: [{ to: "volume_types", only: (row) => (other) => other["qos_specs_id"] === row.id }],
  form: {
    route: { service: "volumev3", method: "POST", path: SPECS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "consumer", kind: "choice", required: true, initial: "front-end", options: CONSUMERS.map((value) => ({ value, title: value })) },
      { name: "specs", kind: "map" },
    ],
    body: ({ name, consumer, specs }) => ({ qos_specs: { name, consumer, ...(mapped(specs) ?? {}) } }),
    command: ({ name, consumer, specs }) => command("openstack volume qos create", [option("consumer", consumer), ...pairs("property", specs)], name),
    terraform: ({ name, consumer, specs }) => [{ type: "openstack_blockstorage_qos_v3", arguments: { name, consumer, specs: mapped(specs) } }],
  },
});
