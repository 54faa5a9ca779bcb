/** Roles. */

import type { identity } from "../../generated/types";
import { known } from "../runtime/permissions";
import { resource } from "../runtime/resource";
import { command, optional } from "../runtime/wording";

type Role = identity.Role;

const ROLES = "/v3/roles";
/** The cloud's own policies speak of these. */
const BUILT_IN = new Set(["admin", "manager", "member", "reader", "service"]);

export default resource<Role>({
  name: "roles",
  group: "identity",
  order: 4,
  service: "identity",
  list: ROLES,
  item: `${ROLES}/{id}`,
  many: "roles",
  one: "role",
  sort: "name",
  // Few may see them: nothing is asked before it is known who.
  visible: () => known.value,
  fields: [
    { name: "name", width: "180px" },
    { name: "description", width: "220px" },
    { name: "id", kind: "code", width: "290px" },
  ],
  removable: (row) => !BUILT_IN.has(row.name),
  change: {
    method: "PATCH",
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "description", kind: "text" },
    ],
    body: ({ name, description }) => ({ role: { name, description } }),
  },
  form: {
    route: { service: "identity", method: "POST", path: ROLES },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "description", kind: "text" },
    ],
    body: ({ name, description }) => ({ role: { name, description } }),
    command: ({ name, description }) => command("openstack role create", optional("description", description), name),
    terraform: ({ name }) => [{ type: "openstack_identity_role_v3", arguments: { name } }],
  },
});
