/** Servers. */

import type { compute } from "../../generated/types";
import { t } from "../runtime/messages";
import type { Route } from "../runtime/permissions";
import { collection } from "../runtime/collections";
import { named } from "../runtime/registry";
import { resource, type Action, type Option, type Row } from "../runtime/resource";
import { Blocks, command, mapped, option, optional, pairs, written } from "../runtime/wording";
import { Status } from "../components/value";
import { Fits, SerialLog } from "../parts/server";
import { openScreen, Screen } from "../parts/screen";
import { ServerMetadata, ServerTags } from "../parts/server_words";

type Server = compute.ServersServer;

const SERVERS = "/servers";
const USER_DATA = "user-data.txt";
const action = (name: string): Route => ({ service: "compute", method: "POST", path: "/servers/{server_id}/action", action: name });

const addresses = (row: Server): string[] => Object.values(row.addresses ?? {}).flatMap((all) => all.map((each) => each.addr));

const attachedTo = (volume: Row, server: string): boolean =>
  ((volume["attachments"] ?? []) as { server_id: string | null }[]).some((each) => each.server_id === server);

/** An action without a body of its own. */
const plain = (name: string, key: string, states: string[], more: Partial<Action<Server>> = {}): Action<Server> => ({
  name,
  route: action(key),
  when: (row) => states.includes(row.status) && row["OS-EXT-STS:task_state"] === null,
  body: () => ({ [key]: null }),
  ...more,
});

const flavorOption = (row: Row): Option => ({
  value: String(row["id"]), title: String(row["name"]),
  note: t("flavors.size", { vcpus: Number(row["vcpus"]), ram: Number(row["ram"]), disk: Number(row["disk"]) }),
});

function nextName(): string {
  const servers = named("servers");
  const names = new Set(servers === undefined ? [] : collection(servers).all().map((row) => servers.title(row)));
  for (let number = 1; ; number += 1) if (!names.has(`server-${number}`)) return `server-${number}`;
}

export default resource<Server>({
  name: "servers",
  group: "compute",
  order: 1,
  service: "compute",
  version: "compute 2.96",
  list: `${SERVERS}/detail`,
  item: `${SERVERS}/{id}`,
  many: "servers",
  one: "server",
  subject: "server",
  everywhere: { all_tenants: "true" },
  sort: "-created",
  fields: [
    { name: "name", width: "180px" },
    {
      name: "status",
      kind: "status",
      width: "130px",
      show: (row) => <Status status={row.status} note={row["OS-EXT-STS:task_state"] === null ? "" : t("servers.working")} />,
    },
    { name: "addresses", kind: "list", value: addresses, width: "150px", detail: "top" },
    { name: "flavor", value: (row) => row.flavor.original_name, width: "110px", detail: "top" },
    { name: "image", kind: "link", to: "images", value: (row) => (typeof row.image === "string" ? null : row.image.id), width: "130px", detail: "top" },
    { name: "key", value: (row) => row.key_name, column: "offered" },
    { name: "vcpus", kind: "count", value: (row) => row.flavor.vcpus, column: "offered" },
    { name: "ram", kind: "mebibytes", value: (row) => row.flavor.ram, column: "offered" },
    { name: "disk", kind: "gibibytes", value: (row) => row.flavor.disk, column: "offered" },
    { name: "zone", value: (row) => row["OS-EXT-AZ:availability_zone"], column: "offered" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.tenant_id, column: "offered" },
    { name: "host", value: (row) => row["OS-EXT-SRV-ATTR:host"], column: "offered" },
    { name: "security_groups", kind: "list", value: (row) => (row.security_groups ?? []).map((group) => group.name), column: "never" },
    { name: "metadata", kind: "map", column: "offered", detail: "never" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created", kind: "time", width: "110px", detail: "top" },
    { name: "updated", kind: "time", column: "offered" },
  ],
  words: (row) => [row.status, ...addresses(row)],
  brokenQuery: { status: "ERROR" },
  broken: (row) => (row.status === "ERROR" ? (row.fault?.message ?? t("servers.broken")) : null),
  actions: [
    plain("console", "none", ["ACTIVE"], {
      route: { service: "compute", method: "POST", path: "/servers/{server_id}/remote-consoles" },
      body: () => ({ remote_console: { protocol: "vnc", type: "novnc" } }),
      after: (row, answer) => openScreen(row.id, answer),
      single: true,
    }),
    plain("start", "os-start", ["SHUTOFF"]),
    plain("stop", "os-stop", ["ACTIVE"]),
    plain("reboot", "reboot", ["ACTIVE"], { body: () => ({ reboot: { type: "SOFT" } }) }),
    plain("hard_reboot", "reboot", ["ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED", "ERROR"], { body: () => ({ reboot: { type: "HARD" } }), confirm: true }),
    plain("pause", "pause", ["ACTIVE"]),
    plain("unpause", "unpause", ["PAUSED"]),
    plain("confirm_resize", "confirmResize", ["VERIFY_RESIZE"]),
    plain("revert_resize", "revertResize", ["VERIFY_RESIZE"]),
    plain("resize", "resize", ["ACTIVE", "SHUTOFF"], {
      single: true,
      form: (row) => [{ name: "new_flavor", kind: "choice", options: "flavors", required: true, only: (flavor) => flavor["name"] !== row.flavor.original_name, option: flavorOption }],
      withValues: (_, { new_flavor }) => ({ resize: { flavorRef: new_flavor } }),
    }),
    plain("rebuild", "rebuild", ["ACTIVE", "SHUTOFF", "ERROR"], {
      single: true,
      danger: true,
      form: [{ name: "new_image", kind: "choice", options: "images", required: true, only: (image) => image["status"] === "active" }],
      withValues: (_, { new_image }) => ({ rebuild: { imageRef: new_image } }),
    }),
    plain("suspend", "suspend", ["ACTIVE"]),
    plain("resume", "resume", ["SUSPENDED"]),
  ],
  change: {
    method: "PUT",
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "description", kind: "text", longest: 255 },
    ],
    body: ({ name, description }) => ({ server: { name, description: description === "" ? null : description } }),
  },
  relations: [
    { to: "volumes", only: (row) => (other) => attachedTo(other, row.id) },
    { to: "ports", only: (row) => (other) => other["device_id"] === row.id },
    { to: "floating_ips", only: (row) => (other) => (other["port_details"] as { device_id: string } | null)?.device_id === row.id },
  ],
  panels: [{ name: "screen", component: Screen }, { name: "log", component: SerialLog }, { name: "metadata", component: ServerMetadata }, { name: "tags", component: ServerTags }],
  form: {
    route: { service: "compute", method: "POST", path: SERVERS },
    inputs: [
      {
        name: "image", kind: "cards", options: "images", required: true, preselect: true,
        only: (row) => row["status"] === "active" && row["os_hidden"] !== true,
        option: (row) => ({ value: String(row["id"]), title: String(row["name"] ?? row["id"]), note: String(row["disk_format"] ?? "") }),
      },
      {
        name: "flavor", kind: "cards", options: "flavors", required: true, preselect: true,
        option: (row) => ({
          value: String(row["id"]), title: String(row["name"]),
          note: t("flavors.size", { vcpus: Number(row["vcpus"]), ram: Number(row["ram"]), disk: Number(row["disk"]) }),
        }),
      },
      { name: "name", kind: "text", required: true, longest: 255, initial: nextName },
      { name: "network", kind: "choice", options: "networks", preselect: true, only: (row: Row) => row["router:external"] !== true },
      { name: "key", kind: "choice", options: "keypairs", preselect: true },
      { name: "user_data", kind: "area", advanced: true },
      { name: "zone", kind: "text", advanced: true },
      { name: "metadata", kind: "map", advanced: true },
    ],
    aside: Fits,
    body: (values) => ({
      server: {
        name: values["name"],
        imageRef: values["image"],
        flavorRef: values["flavor"],
        networks: values["network"] === "" ? "auto" : [{ uuid: values["network"] }],
        ...(values["key"] === "" ? {} : { key_name: values["key"] }),
        ...(values["zone"] === "" ? {} : { availability_zone: values["zone"] }),
        ...(values["user_data"] === "" ? {} : { user_data: base64(String(values["user_data"])) }),
        ...(Array.isArray(values["metadata"]) ? { metadata: Object.fromEntries(values["metadata"] as [string, string][]) } : {}),
      },
    }),
    command: (values) =>
      (values["user_data"] === "" ? "" : written(USER_DATA, values["user_data"])) +
      command("openstack server create", [
        option("image", values["image"]),
        option("flavor", values["flavor"]),
        values["network"] === "" ? "--nic=auto" : option("network", values["network"]),
        ...optional("key-name", values["key"]),
        ...optional("availability-zone", values["zone"]),
        ...(values["user_data"] === "" ? [] : [option("user-data", USER_DATA)]),
        ...pairs("property", values["metadata"]),
      ], values["name"]),
    terraform: (values) => [{
      type: "openstack_compute_instance_v2",
      arguments: {
        name: values["name"], image_id: values["image"], flavor_id: values["flavor"], key_pair: values["key"], availability_zone: values["zone"],
        user_data: values["user_data"], metadata: mapped(values["metadata"]),
        ...(values["network"] === "" ? { network_mode: "auto" } : { network: new Blocks([{ uuid: values["network"] }]) }),
      },
    }],
  },
});

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
