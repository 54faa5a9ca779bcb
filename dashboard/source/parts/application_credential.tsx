/** The secret of a new application credential, and files with which clients use it. */

import { effect, signal } from "@preact/signals";
import type { identity } from "../../generated/types";
import { address } from "../runtime/api";
import { t } from "../runtime/messages";
import { save } from "../runtime/rows";
import { epoch, session } from "../runtime/session";
import { Button, Copy, Section } from "../components/basics";

type Credential = identity.ApplicationCredential;

/** Secrets by id. The cloud tells each once; they are held until the page is loaded anew or the session ends. */
const secrets = signal<ReadonlyMap<string, string>>(new Map());

export function keep({ id, secret }: Credential): void {
  if (secret !== undefined) secrets.value = new Map(secrets.value).set(id, secret);
}

effect(() => {
  void epoch.value;
  secrets.value = new Map();
});

const server = (): string => `${window.location.origin}${address("identity", "/v3")}`;

/** JSON's strings are YAML's and HCL's too, but HCL would replace `${…}` and `%{…}`. */
const quoted = (text: string): string => JSON.stringify(text);
const inShell = (text: string): string => `'${text.replace(/'/g, "'\\''")}'`;

function cloudsYaml(id: string, secret: string): string {
  return [
    "clouds:",
    "  kumoi:",
    "    auth_type: v3applicationcredential",
    "    auth:",
    `      auth_url: ${quoted(server())}`,
    `      application_credential_id: ${quoted(id)}`,
    `      application_credential_secret: ${quoted(secret)}`,
    `    region_name: ${quoted(session.value?.region ?? "")}`,
    "    identity_api_version: 3",
    "",
  ].join("\n");
}

function openrc(id: string, secret: string): string {
  const values = {
    OS_AUTH_TYPE: "v3applicationcredential", OS_AUTH_URL: server(), OS_APPLICATION_CREDENTIAL_ID: id, OS_APPLICATION_CREDENTIAL_SECRET: secret,
    OS_REGION_NAME: session.value?.region ?? "", OS_IDENTITY_API_VERSION: "3", OS_INTERFACE: "public",
  };
  return `${Object.entries(values).map(([name, value]) => `export ${name}=${inShell(value)}`).join("\n")}\n`;
}

function terraform(id: string, secret: string): string {
  const text = (value: string): string => quoted(value).replace(/\$\{/g, "$$$${").replace(/%\{/g, "%%{");
  return [
    'provider "openstack" {',
    `  auth_url                      = ${text(server())}`,
    `  region                        = ${text(session.value?.region ?? "")}`,
    `  application_credential_id     = ${text(id)}`,
    `  application_credential_secret = ${text(secret)}`,
    "}",
    "",
  ].join("\n");
}

export function Secret({ row }: { row: Credential }) {
  const secret = secrets.value.get(row.id);
  if (secret === undefined) return null;
  return (
    <Section title={t("application_credentials.secret")}>
      <p>{t("application_credentials.secret.once")}</p>
      <p class="code secret"><bdi>{secret}</bdi><Copy text={secret} what={t("application_credentials.secret")} /></p>
      <div class="create-buttons">
        <Button icon="download" onClick={() => save("clouds.yaml", "application/yaml", cloudsYaml(row.id, secret))}>clouds.yaml</Button>
        <Button icon="download" onClick={() => save("openrc.sh", "text/x-shellscript", openrc(row.id, secret))}>openrc</Button>
        <Button icon="download" onClick={() => save("provider.tf", "text/plain", terraform(row.id, secret))}>Terraform</Button>
      </div>
    </Section>
  );
}
