/** Server groups: which servers share a host, and which do not. */

import type { compute } from "../../generated/types";
import { t } from "../runtime/messages";
import { resource } from "../runtime/resource";
import { command, option, optional } from "../runtime/wording";

type Group = compute.ServerGroup;

const GROUPS = "/os-server-groups";
const POLICIES = ["anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"];

export default resource<Group>({
  name: "server_groups",
  group: "compute",
  order: 5,
  service: "compute",
  version: "compute 2.96",
  list: GROUPS,
  item: `${GROUPS}/{id}`,
  many: "server_groups",
  one: "server_group",
  subject: "server_group",
  everywhere: { all_projects: "true" },
  paging: "none",
  query: { limit: "1000" },
  sort: "name",
  fields: [
    { name: "name", width: "180px" },
    { name: "policy", width: "160px", value: (row) => t(`server_groups.policy.${row.policy}`), detail: "top" },
    { name: "members", kind: "count", value: (row) => row.members.length, width: "110px", detail: "top" },
    { name: "per_host", kind: "count", value: (row) => row.rules["max_server_per_host"] ?? null, column: "offered" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.project_id, column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
  ],
  relations: [{ to: "servers", only: (row) => (other) => row.members.includes(String(other["id"])) }],
  form: {
    route: { service: "compute", method: "POST", path: GROUPS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "policy", kind: "choice", required: true, initial: POLICIES[0], options: () => POLICIES.map((value) => ({ value, title: t(`server_groups.policy.${value}`) })) },
      { name: "per_host", kind: "number", least: 1, when: ({ policy }) => policy === "anti-affinity", advanced: true },
    ],
    body: ({ name, policy, per_host }) => ({
      server_group: { name, policy, ...(policy === "anti-affinity" && per_host !== "" ? { rules: { max_server_per_host: Number(per_host) } } : {}) },
    }),
    command: ({ name, policy, per_host }) =>
      command("openstack server group create", [
        option("policy", policy),
        ...(policy === "anti-affinity" && per_host !== "" ? optional("rule", `max_server_per_host=${String(per_host)}`) : []),
      ], name),
    terraform: ({ name, policy }) => [{ type: "openstack_compute_servergroup_v2", arguments: { name, policies: [policy] } }],
  },
});
