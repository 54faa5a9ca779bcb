/** Domains: each has users, groups and projects of its own. */

import type { identity } from "../../generated/types";
import { known } from "../runtime/permissions";
import { resource } from "../runtime/resource";
import { command, optional } from "../runtime/wording";

type Domain = identity.Domain;

const DOMAINS = "/v3/domains";

export default resource<Domain>({
  name: "domains",
  group: "identity",
  order: 6,
  service: "identity",
  list: DOMAINS,
  item: `${DOMAINS}/{id}`,
  many: "domains",
  one: "domain",
  sort: "name",
  // Few may see them: nothing is asked before it is known who.
  visible: () => known.value,
  fields: [
    { name: "name", width: "180px" },
    { name: "description", width: "180px" },
    { name: "enabled", kind: "flag", detail: "top" },
    { name: "tags", kind: "list", column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
  ],
  // The API refuses to delete a domain that is enabled.
  removable: (row) => !row.enabled,
  relations: [
    { to: "projects", only: (row) => (other) => other["domain_id"] === row.id },
    { to: "users", only: (row) => (other) => other["domain_id"] === row.id },
    { to: "groups", only: (row) => (other) => other["domain_id"] === row.id },
  ],
  change: {
    method: "PATCH",
    inputs: [
      { name: "name", kind: "text", required: true, longest: 64 },
      { name: "description", kind: "text" },
      { name: "enabled", kind: "toggle" },
    ],
    body: ({ name, description, enabled }) => ({ domain: { name, description, enabled } }),
  },
  form: {
    route: { service: "identity", method: "POST", path: DOMAINS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 64 },
      { name: "description", kind: "text" },
    ],
    body: ({ name, description }) => ({ domain: { name, description } }),
    command: ({ name, description }) => command("openstack domain create", optional("description", description), name),
    terraform: ({ name, description }) => [{ type: "openstack_identity_project_v3", arguments: { name, description, is_domain: true } }],
  },
});
