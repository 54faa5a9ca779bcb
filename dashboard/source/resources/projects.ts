/** Projects. */

import type { identity } from "../../generated/types";
import { known } from "../runtime/permissions";
import { resource } from "../runtime/resource";
import { projectId } from "../runtime/session";
import { command, optional } from "../runtime/wording";

type Project = identity.Project;

const PROJECTS = "/v3/projects";

export default resource<Project>({
  name: "projects",
  group: "identity",
  order: 1,
  service: "identity",
  list: PROJECTS,
  item: `${PROJECTS}/{id}`,
  many: "projects",
  one: "project",
  sort: "name",
  // Few may see them: nothing is asked before it is known who.
  visible: () => known.value,
  fields: [
    { name: "name", width: "180px" },
    { name: "description", width: "180px" },
    { name: "enabled", kind: "flag", detail: "top" },
    { name: "domain", kind: "link", to: "domains", value: (row) => row.domain_id, detail: "top" },
    { name: "parent", kind: "link", to: "projects", value: (row) => (row.parent_id === row.domain_id ? null : row.parent_id), column: "offered" },
    { name: "tags", kind: "list", column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
  ],
  removable: (row) => row.id !== projectId.value,
  relations: [{ to: "projects", only: (row) => (other) => other["parent_id"] === row.id }],
  change: {
    method: "PATCH",
    inputs: [
      { name: "name", kind: "text", required: true, longest: 64 },
      { name: "description", kind: "text" },
      { name: "enabled", kind: "toggle" },
    ],
    body: ({ name, description, enabled }) => ({ project: { name, description, enabled } }),
  },
  form: {
    route: { service: "identity", method: "POST", path: PROJECTS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 64 },
      { name: "description", kind: "text" },
      { name: "domain", kind: "choice", options: "domains", advanced: true },
      { name: "parent", kind: "choice", options: "projects", advanced: true },
      { name: "enabled", kind: "toggle", initial: true, advanced: true },
    ],
    body: ({ name, description, domain, parent, enabled }) => ({
      project: { name, description, enabled, ...(domain ? { domain_id: domain } : {}), ...(parent ? { parent_id: parent } : {}) },
    }),
    command: ({ name, description, domain, parent, enabled }) =>
      command("openstack project create", [
        ...optional("description", description), ...optional("domain", domain), ...optional("parent", parent), ...(enabled === false ? ["--disable"] : []),
      ], name),
    terraform: ({ name, description, domain, parent, enabled }) => [{
      type: "openstack_identity_project_v3",
      arguments: { name, description, domain_id: domain, parent_id: parent, enabled },
    }],
  },
});
