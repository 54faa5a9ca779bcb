/** Application credentials: what programs sign in with, in one project, without a person's password. */

import type { identity } from "../../generated/types";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { tell } from "../runtime/notices";
import { named } from "../runtime/registry";
import { pageOf, resource } from "../runtime/resource";
import { go } from "../runtime/router";
import { projectId, session } from "../runtime/session";
import { command, option, optional } from "../runtime/wording";
import { keep, Secret } from "../parts/application_credential";

type Credential = identity.ApplicationCredential;

const CREDENTIALS = "/v3/users/{user_id}/application_credentials";

export default resource<Credential>({
  name: "application_credentials",
  group: "identity",
  order: 7,
  service: "identity",
  list: CREDENTIALS,
  item: `${CREDENTIALS}/{id}`,
  many: "application_credentials",
  one: "application_credential",
  sort: "name",
  visible: () => projectId.value !== "",
  fields: [
    { name: "name", width: "180px" },
    { name: "description", width: "180px" },
    { name: "roles", kind: "list", value: (row) => row.roles.map((role) => role.name), detail: "top" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.project_id, column: "offered" },
    { name: "expires_at", kind: "time", width: "110px", detail: "top" },
    { name: "unrestricted", kind: "flag", column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
  ],
  panels: [{ name: "secret", component: Secret }],
  form: {
    route: { service: "identity", method: "POST", path: CREDENTIALS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "description", kind: "text" },
      { name: "expires_at", kind: "text", pattern: "\\d{4}-\\d{2}-\\d{2}" },
      { name: "roles", kind: "choices", options: () => (session.value?.roles ?? []).map((role) => ({ value: role, title: role })) },
      { name: "unrestricted", kind: "toggle", advanced: true },
    ],
    body: ({ name, description, expires_at, roles, unrestricted }) => ({
      application_credential: {
        name, description,
        ...(expires_at ? { expires_at: `${expires_at}T00:00:00` } : {}),
        ...(unrestricted ? { unrestricted } : {}),
        ...((roles as string[]).length > 0 ? { roles: (roles as string[]).map((role) => ({ name: role })) } : {}),
      },
    }),
    after: async (made) => {
      keep(made);
      const credentials = named("application_credentials")!;
      await collection(credentials).fetch(made.id).catch(() => undefined);
      tell(t("created", { name: made.name }));
      go(pageOf(credentials, made.id), { replace: true });
    },
    command: ({ name, description, expires_at, roles, unrestricted }) =>
      command("openstack application credential create", [
        ...optional("description", description),
        ...(expires_at === "" ? [] : [option("expiration", `${String(expires_at)}T00:00:00`)]),
        ...(roles as string[]).map((role) => option("role", role)),
        ...(unrestricted === true ? ["--unrestricted"] : []),
      ], name),
    terraform: ({ name, description, expires_at, roles, unrestricted }) => [{
      type: "openstack_identity_application_credential_v3",
      arguments: {
        name, description, roles: (roles as string[]).length > 0 ? roles : undefined, unrestricted: unrestricted === true ? true : undefined,
        expires_at: expires_at === "" ? undefined : `${String(expires_at)}T00:00:00Z`,
      },
    }],
  },
});
