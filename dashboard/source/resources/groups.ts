/** Groups of users. */

import type { identity } from "../../generated/types";
import { known } from "../runtime/permissions";
import { resource } from "../runtime/resource";
import { command, optional } from "../runtime/wording";
import { Members, membersChanged } from "../parts/group";

type Group = identity.Group;

const GROUPS = "/v3/groups";

export default resource<Group>({
  name: "groups",
  group: "identity",
  order: 3,
  service: "identity",
  list: GROUPS,
  item: `${GROUPS}/{id}`,
  many: "groups",
  one: "group",
  sort: "name",
  // Few may see them: nothing is asked before it is known who.
  visible: () => known.value,
  fields: [
    { name: "name", width: "180px" },
    { name: "description", width: "180px" },
    { name: "domain", kind: "link", to: "domains", value: (row) => row.domain_id, detail: "top" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
  ],
  actions: [
    {
      name: "add_user",
      route: { service: "identity", method: "PUT", path: `${GROUPS}/{group}/users/{user}` },
      single: true,
      path: (row, { user }) => `${GROUPS}/${row.id}/users/${encodeURIComponent(String(user))}`,
      form: [{ name: "user", kind: "choice", required: true, options: "users" }],
      after: () => membersChanged(),
    },
  ],
  panels: [{ name: "members", component: Members }],
  change: {
    method: "PATCH",
    inputs: [
      { name: "name", kind: "text", required: true, longest: 64 },
      { name: "description", kind: "text" },
    ],
    body: ({ name, description }) => ({ group: { name, description } }),
  },
  form: {
    route: { service: "identity", method: "POST", path: GROUPS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 64 },
      { name: "description", kind: "text" },
      { name: "domain", kind: "choice", options: "domains", advanced: true },
    ],
    body: ({ name, description, domain }) => ({ group: { name, description, ...(domain ? { domain_id: domain } : {}) } }),
    command: ({ name, description, domain }) => command("openstack group create", [...optional("description", description), ...optional("domain", domain)], name),
    terraform: ({ name, description, domain }) => [{ type: "openstack_identity_group_v3", arguments: { name, description, domain_id: domain } }],
  },
});
