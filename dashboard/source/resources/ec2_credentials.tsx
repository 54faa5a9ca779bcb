/** EC2 credentials: keys with which clients of S3 sign their requests. */

import { useState } from "preact/hooks";
import type { identity } from "../../generated/types";
import { t } from "../runtime/messages";
import { resource } from "../runtime/resource";
import { save } from "../runtime/rows";
import { command, option } from "../runtime/wording";
import { projectId, session } from "../runtime/session";
import { Button, Copy, Section } from "../components/basics";

type Keys = identity.Ec2;

const KEYS = "/v3/users/{user_id}/credentials/OS-EC2";

/** Where the person has a role. */
const projects = () => (session.value?.scopes ?? []).filter((each) => each.kind === "project").map(({ id, name }) => ({ value: id, title: name }));

const endpoint = (): string => `${window.location.origin}/s3`;

const awsProfile = ({ access, secret }: Keys): string =>
  ["[kumoi]", `aws_access_key_id = ${access}`, `aws_secret_access_key = ${secret}`, `endpoint_url = ${endpoint()}`, `region = ${session.value?.region ?? ""}`, "s3 =", "  addressing_style = path", ""].join("\n");

const rclone = ({ access, secret }: Keys): string =>
  [
    "[kumoi]", "type = s3", "provider = Other", `access_key_id = ${access}`, `secret_access_key = ${secret}`, `endpoint = ${endpoint()}`,
    `region = ${session.value?.region ?? ""}`, "force_path_style = true", "",
  ].join("\n");

function Secret({ row }: { row: Keys }) {
  const [shown, setShown] = useState(false);
  return (
    <Section title={t("ec2_credentials.secret")}>
      {shown ? (
        <p class="code secret"><bdi>{row.secret}</bdi><Copy text={row.secret} what={t("ec2_credentials.secret")} /></p>
      ) : (
        <p><Button onClick={() => setShown(true)}>{t("ec2_credentials.show")}</Button></p>
      )}
      <div class="create-buttons">
        <Button icon="download" onClick={() => save("credentials", "text/plain", awsProfile(row))}>AWS CLI</Button>
        <Button icon="download" onClick={() => save("rclone.conf", "text/plain", rclone(row))}>rclone</Button>
      </div>
    </Section>
  );
}

export default resource<Keys>({
  name: "ec2_credentials",
  group: "identity",
  order: 8,
  service: "identity",
  list: KEYS,
  item: `${KEYS}/{id}`,
  many: "credentials",
  one: "credential",
  paging: "none",
  id: (row) => row.access,
  title: (row) => row.access,
  visible: () => projectId.value !== "",
  fields: [
    { name: "name", value: (row) => row.access, width: "290px" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.tenant_id, width: "160px", detail: "top" },
  ],
  words: (row) => [row.access],
  panels: [{ name: "secret", component: Secret }],
  form: {
    route: { service: "identity", method: "POST", path: KEYS },
    inputs: [{ name: "project", kind: "choice", required: true, initial: () => projectId.value, options: () => projects() }],
    body: ({ project }) => ({ tenant_id: project }),
    command: ({ project }) => command("openstack ec2 credentials create", [option("project", project)]),
    terraform: ({ project }) => [{ type: "openstack_identity_ec2_credential_v3", arguments: { project_id: project } }],
  },
});
