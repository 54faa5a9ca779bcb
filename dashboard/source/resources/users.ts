/** Users. */

import type { identity } from "../../generated/types";
import { resource } from "../runtime/resource";
import { isAdmin, session } from "../runtime/session";
import { word } from "../generic/create";

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
  visible: () => isAdmin.value,
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
    command: ({ name, default_project }) => `openstack user create --password-prompt${default_project ? ` --project ${word(default_project)}` : ""} ${word(name)}`,
  },
});
