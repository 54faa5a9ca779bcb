/** Subnet pools: prefixes from which subnets get theirs. */

import type { network } from "../../generated/types";
import { resource } from "../runtime/resource";
import { command, option, optional } from "../runtime/wording";
import { ofProject, owned } from "../parts/network";

type Pool = network.Subnetpool;

const POOLS = "/v2.0/subnetpools";
const prefixes = (value: unknown): string[] => String(value).split(/[\s,]+/).filter(Boolean);

export default resource<Pool>({
  name: "subnetpools",
  group: "network",
  order: 7,
  service: "network",
  list: POOLS,
  item: `${POOLS}/{id}`,
  many: "subnetpools",
  one: "subnetpool",
  subject: "subnetpool",
  sort: "name",
  mine: (row) => ofProject(row) || row.shared,
  fields: [
    { name: "name", width: "180px" },
    { name: "prefixes", kind: "list", width: "200px", detail: "top" },
    { name: "default_prefixlen", kind: "count", value: (row) => Number(row.default_prefixlen), width: "110px", detail: "top" },
    { name: "min_prefixlen", kind: "count", value: (row) => Number(row.min_prefixlen), column: "offered" },
    { name: "max_prefixlen", kind: "count", value: (row) => Number(row.max_prefixlen), column: "offered" },
    { name: "shared", kind: "flag", width: "90px" },
    { name: "is_default", kind: "flag", column: "offered" },
    { name: "ip_version", kind: "count", column: "offered" },
    { name: "description", column: "offered" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.project_id, column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", column: "offered", width: "110px" },
  ],
  removable: owned,
  relations: [{ to: "subnets", only: (row) => (other) => other["subnetpool_id"] === row.id }],
  change: {
    method: "PUT",
    when: owned,
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "description", kind: "text", longest: 255 },
    ],
    body: ({ name, description }) => ({ subnetpool: { name, description } }),
  },
  form: {
    route: { service: "network", method: "POST", path: POOLS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "prefixes", kind: "text", required: true, initial: "10.64.0.0/16" },
      { name: "default_prefixlen", kind: "number", least: 0, most: 128, initial: "24" },
      { name: "description", kind: "text", longest: 255, advanced: true },
    ],
    body: ({ name, prefixes: given, default_prefixlen, description }) => ({
      subnetpool: {
        name, prefixes: prefixes(given),
        ...(default_prefixlen === "" ? {} : { default_prefixlen: Number(default_prefixlen) }),
        ...(description === "" ? {} : { description }),
      },
    }),
    command: ({ name, prefixes: given, default_prefixlen, description }) =>
      command("openstack subnet pool create", [
        ...prefixes(given).map((each) => option("pool-prefix", each)),
        ...optional("default-prefix-length", default_prefixlen),
        ...optional("description", description),
      ], name),
    terraform: ({ name, prefixes: given, default_prefixlen, description }) => [{
      type: "openstack_networking_subnetpool_v2",
      arguments: { name, prefixes: prefixes(given), default_prefixlen: default_prefixlen === "" ? undefined : Number(default_prefixlen), description },
    }],
  },
});
