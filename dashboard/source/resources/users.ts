/** Users. */

import type { identity } from "../../generated/types";
import { known } from "../runtime/permissions";
import { resource } from "../runtime/resource";
import { session } from "../runtime/session";
import { command, optional } from "../runtime/wording";

type User = identity.User;

const USERS = "/v3/users";
const ONE = `${USERS}/{user}`;

export default resource<User>({
  name: "users",
  group: "identity",
  order: 2,
  service: "identity",
  list: USERS,
  item: `${USERS}/{id}`,
  many: "users",
  one: "user",
  sort: "name",
  // Few may see them: nothing is asked before it is known who.
  visible: () => known.value,
  fields: [
    { name: "name", width: "180px" },
    { name: "enabled", kind: "flag", detail: "top" },
    { name: "domain", kind: "link", to: "domains", value: (row) => row.domain_id, detail: "top" },
    { name: "default_project", kind: "link", to: "projects", value: (row) => row.default_project_id ?? null, width: "140px" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
  ],
  actions: [
    {
      name: "password",
      route: { service: "identity", method: "PATCH", path: ONE },
      single: true,
      form: [{ name: "password", kind: "password", required: true }],
      withValues: (_, { password }) => ({ user: { password } }),
    },
    {
      name: "grant",
      route: { service: "identity", method: "PUT", path: "/v3/projects/{project}/users/{user}/roles/{role}" },
      single: true,
      path: (row, { project, role }) => `/v3/projects/${encodeURIComponent(String(project))}/users/${row.id}/roles/${encodeURIComponent(String(role))}`,
      form: [
        { name: "project", kind: "choice", required: true, options: "projects" },
        { name: "role", kind: "choice", required: true, options: "roles" },
      ],
    },
  ],
  removable: (row) => row.id !== session.value?.user.id,
  change: {
    method: "PATCH",
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "enabled", kind: "toggle" },
    ],
    body: ({ name, enabled }) => ({ user: { name, enabled } }),
  },
  form: {
    route: { service: "identity", method: "POST", path: USERS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "password", kind: "password", required: true },
      { name: "default_project", kind: "choice", options: "projects" },
      { name: "domain", kind: "choice", options: "domains", advanced: true },
      { name: "enabled", kind: "toggle", initial: true, advanced: true },
    ],
    body: ({ name, password, default_project, domain, enabled }) => ({
      user: {
        name, password, enabled,
        ...(default_project ? { default_project_id: default_project } : {}),
        ...(domain ? { domain_id: domain } : {}),
      },
    }),
    command: ({ name, password, default_project, domain, enabled }) =>
      command("openstack user create", [
        ...(password === "" ? [] : ["--password-prompt"]), ...optional("project", default_project), ...optional("domain", domain), ...(enabled === false ? ["--disable"] : []),
      ], name),
    terraform: ({ name, password, default_project, domain, enabled }) => [{
      type: "openstack_identity_user_v3",
      arguments: { name, password, default_project_id: default_project, domain_id: domain, enabled },
    }],
  },
});
