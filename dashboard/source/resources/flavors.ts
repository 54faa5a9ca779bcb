/** Flavors: sizes of servers. */

import type { compute } from "../../generated/types";
import { resource } from "../runtime/resource";
import { command, option, optional } from "../runtime/wording";
import { ExtraSpecs, FlavorAccess } from "../parts/flavor";

type Flavor = compute.FlavorsFlavor;

const FLAVORS = "/flavors";

export default resource<Flavor>({
  name: "flavors",
  group: "compute",
  order: 3,
  service: "compute",
  version: "compute 2.96",
  list: `${FLAVORS}/detail`,
  item: `${FLAVORS}/{id}`,
  many: "flavors",
  one: "flavor",
  subject: "flavor",
  sort: "ram",
  fields: [
    { name: "name", width: "180px" },
    { name: "vcpus", kind: "count", detail: "top" },
    { name: "ram", kind: "mebibytes", detail: "top" },
    { name: "disk", kind: "gibibytes", detail: "top" },
    { name: "ephemeral", kind: "gibibytes", value: (row) => row["OS-FLV-EXT-DATA:ephemeral"], column: "offered" },
    { name: "swap", kind: "mebibytes", value: (row) => Number(row.swap), column: "offered" },
    { name: "public", kind: "flag", value: (row) => row["os-flavor-access:is_public"] },
    { name: "description", column: "offered" },
    { name: "extra_specs", kind: "map", column: "offered", detail: "never" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
  ],
  panels: [{ name: "extra_specs", component: ExtraSpecs }, { name: "access", component: FlavorAccess }],
  actions: [
    { name: "launch", route: { service: "compute", method: "POST", path: "/servers" }, single: true, open: (row) => `/servers/new?flavor=${row.id}` },
  ],
  form: {
    route: { service: "compute", method: "POST", path: FLAVORS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "vcpus", kind: "number", required: true, initial: "1", least: 1 },
      { name: "ram", kind: "number", required: true, initial: "512", least: 1, unit: "MiB" },
      { name: "disk", kind: "number", required: true, initial: "1", least: 0, unit: "GiB" },
      { name: "public", kind: "toggle", initial: true },
      { name: "ephemeral", kind: "number", initial: "0", least: 0, unit: "GiB", advanced: true },
      { name: "swap", kind: "number", initial: "0", least: 0, unit: "MiB", advanced: true },
      { name: "description", kind: "text", advanced: true },
    ],
    body: (values) => ({
      flavor: {
        name: values["name"], vcpus: Number(values["vcpus"]), ram: Number(values["ram"]), disk: Number(values["disk"]),
        "OS-FLV-EXT-DATA:ephemeral": Number(values["ephemeral"]), swap: Number(values["swap"]),
        "os-flavor-access:is_public": values["public"], description: values["description"] === "" ? null : values["description"],
      },
    }),
    command: (values) =>
      command("openstack flavor create", [
        ...["vcpus", "ram", "disk", "ephemeral", "swap"].map((each) => option(each, values[each])),
        values["public"] === true ? "--public" : "--private",
        ...optional("description", values["description"]),
      ], values["name"]),
    terraform: (values) => [{
      type: "openstack_compute_flavor_v2",
      arguments: {
        name: values["name"], vcpus: Number(values["vcpus"]), ram: Number(values["ram"]), disk: Number(values["disk"]),
        ephemeral: Number(values["ephemeral"]), swap: Number(values["swap"]), is_public: values["public"], description: values["description"],
      },
    }],
  },
});
