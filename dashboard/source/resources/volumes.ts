/** Volumes. */

import type { block_storage } from "../../generated/types";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import type { Route } from "../runtime/permissions";
import { named } from "../runtime/registry";
import { pageOf, resource, type FormValues, type Row } from "../runtime/resource";
import { go } from "../runtime/router";
import { keep } from "../parts/transfer";
import { command, mapped, option, optional, pairs } from "../runtime/wording";

type Volume = block_storage.Volume;

const VOLUMES = "/volumes";
const ATTACHMENTS = "/servers/{server_id}/os-volume_attachments";
const DELETABLE = ["available", "error", "error_restoring", "error_extending", "error_managing"];
const SOURCES = ["image", "snapshot", "volume"];

const action = (name: string): Route => ({ service: "volumev3", method: "POST", path: `${VOLUMES}/{volume_id}/action`, action: name });
const server = (row: Volume): string | null => row.attachments[0]?.server_id ?? null;
const ready = (row: Row): boolean => row["status"] === "available" || row["status"] === "in-use";
const sized = (row: Row) => ({ value: String(row["id"]), title: String(row["name"] || row["id"]), note: `${String(row["size"])} GiB` });

export default resource<Volume>({
  name: "volumes",
  group: "storage",
  order: 1,
  service: "volumev3",
  version: "volume 3.70",
  list: `${VOLUMES}/detail`,
  item: `${VOLUMES}/{id}`,
  many: "volumes",
  one: "volume",
  subject: "volume",
  everywhere: { all_tenants: "1" },
  sort: "-created_at",
  fields: [
    { name: "name", width: "180px" },
    { name: "status", kind: "status", width: "120px" },
    { name: "size", kind: "gibibytes", detail: "top" },
    { name: "server", kind: "link", to: "servers", value: server, width: "140px", detail: "top" },
    { name: "device", kind: "code", value: (row) => row.attachments[0]?.device, column: "offered" },
    { name: "bootable", kind: "flag", value: (row) => row.bootable === "true", column: "offered" },
    { name: "volume_type", column: "offered" },
    { name: "snapshot", kind: "link", to: "snapshots", value: (row) => row.snapshot_id, column: "offered" },
    { name: "source_volume", kind: "link", to: "volumes", value: (row) => row.source_volid, column: "offered" },
    { name: "image", kind: "link", to: "images", value: (row) => row.volume_image_metadata?.["image_id"], column: "offered" },
    { name: "zone", value: (row) => row.availability_zone, column: "offered" },
    { name: "description", column: "offered" },
    { name: "metadata", kind: "map", column: "never" },
    { name: "project", kind: "link", to: "projects", value: (row) => row["os-vol-tenant-attr:tenant_id"], column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
    { name: "updated_at", kind: "time", column: "offered" },
  ],
  broken: (row) => (row.status.startsWith("error") ? t("volumes.broken") : null),
  actions: [
    {
      name: "attach",
      route: { service: "compute", method: "POST", path: ATTACHMENTS },
      when: (row) => row.status === "available",
      single: true,
      form: [{ name: "server", kind: "choice", options: "servers", required: true, only: (row) => ["ACTIVE", "SHUTOFF", "PAUSED"].includes(String(row["status"])) }],
      path: (_, values) => `/servers/${encodeURIComponent(String(values["server"]))}/os-volume_attachments`,
      withValues: (row) => ({ volumeAttachment: { volumeId: row.id } }),
    },
    {
      name: "detach",
      route: { service: "compute", method: "DELETE", path: `${ATTACHMENTS}/{volume_id}` },
      when: (row) => row.status === "in-use" && server(row) !== null,
      confirm: true,
      path: (row) => `/servers/${encodeURIComponent(server(row)!)}/os-volume_attachments/${encodeURIComponent(row.id)}`,
    },
    {
      name: "extend",
      route: action("os-extend"),
      when: ready,
      single: true,
      form: (row) => [{ name: "new_size", kind: "number", required: true, initial: String(row.size + 1), least: row.size + 1, unit: "GiB" }],
      withValues: (_, { new_size }) => ({ "os-extend": { new_size: Number(new_size) } }),
    },
    {
      name: "snapshot",
      route: { service: "volumev3", method: "POST", path: "/snapshots" },
      when: ready,
      single: true,
      form: (row) => [{ name: "name", kind: "text", longest: 255, initial: `${row.name || row.id}-1`.slice(-255) }],
      withValues: (row, { name }) => ({ snapshot: { volume_id: row.id, name } }),
      after: () => void collection(named("snapshots")!).load(),
    },
    { name: "back_up", route: { service: "volumev3", method: "POST", path: "/backups" }, when: ready, single: true, open: (row) => `/backups/new?volume=${row.id}` },
    {
      name: "offer",
      route: { service: "volumev3", method: "POST", path: "/volume-transfers" },
      when: (row) => row.status === "available",
      single: true,
      form: [{ name: "transfer_name", kind: "text", longest: 255 }],
      withValues: (row, { transfer_name }) => ({ transfer: { volume_id: row.id, ...(transfer_name === "" ? {} : { name: transfer_name }) } }),
      after: (_, answer) => {
        const { transfer } = answer as { transfer: { id: string; auth_key: string } };
        keep(transfer.id, transfer.auth_key);
        go(pageOf(named("transfers")!, transfer.id));
      },
    },
  ],
  removable: (row) => DELETABLE.includes(row.status),
  change: {
    method: "PUT",
    inputs: [
      { name: "name", kind: "text", longest: 255 },
      { name: "description", kind: "text", longest: 255 },
    ],
    body: ({ name, description }) => ({ volume: { name, description } }),
  },
  relations: [
    { to: "snapshots", only: (row) => (other) => other["volume_id"] === row.id },
    { to: "backups", only: (row) => (other) => other["volume_id"] === row.id },
  ],
  form: {
    route: { service: "volumev3", method: "POST", path: VOLUMES },
    inputs: [
      { name: "name", kind: "text", longest: 255 },
      { name: "source", kind: "choice", options: () => SOURCES.map((value) => ({ value, title: t(`volumes.source.${value}`) })) },
      { name: "image", kind: "choice", options: "images", required: true, preselect: true, when: (values) => values["source"] === "image", only: (row) => row["status"] === "active" },
      { name: "snapshot", kind: "choice", options: "snapshots", required: true, preselect: true, when: (values) => values["source"] === "snapshot", only: (row) => row["status"] === "available", option: sized },
      { name: "volume", kind: "choice", options: "volumes", required: true, preselect: true, when: (values) => values["source"] === "volume", only: ready, option: sized },
      { name: "size", kind: "number", required: true, initial: "1", least: 1, unit: "GiB", when: (values) => values["source"] === "" },
      { name: "larger", kind: "number", least: 1, unit: "GiB", when: (values) => values["source"] !== "" },
      { name: "description", kind: "text", longest: 255, advanced: true },
      { name: "metadata", kind: "map", advanced: true },
    ],
    body: ({ name, source, image, snapshot, volume, size, larger, description, metadata }) => ({
      volume: {
        name,
        ...(description === "" ? {} : { description }),
        ...(source === "" ? { size: Number(size) } : larger === "" ? {} : { size: Number(larger) }),
        ...(source === "image" ? { imageRef: image } : source === "snapshot" ? { snapshot_id: snapshot } : source === "volume" ? { source_volid: volume } : {}),
        ...(Array.isArray(metadata) ? { metadata: Object.fromEntries(metadata as [string, string][]) } : {}),
      },
    }),
    command: (values) =>
      command("openstack volume create", [
        ...(values["source"] === "" ? [option("size", values["size"])] : [option(values["source"] === "volume" ? "source" : String(values["source"]), values[String(values["source"])])]),
        ...(values["source"] === "" ? [] : optional("size", values["larger"])),
        ...optional("description", values["description"]),
        ...pairs("property", values["metadata"]),
      ], ...(values["name"] === "" ? [] : [values["name"]])),
    terraform: (values) => [{
      type: "openstack_blockstorage_volume_v3",
      arguments: {
        name: values["name"], size: Number(values["source"] === "" ? values["size"] : values["larger"] || sizeOf(values)), description: values["description"],
        ...(values["source"] === "image" ? { image_id: values["image"] } : {}),
        ...(values["source"] === "snapshot" ? { snapshot_id: values["snapshot"] } : {}),
        ...(values["source"] === "volume" ? { source_vol_id: values["volume"] } : {}),
        metadata: mapped(values["metadata"]),
      },
    }],
  },
});

/** The least size in GiB of a volume from what was chosen. */
function sizeOf(values: FormValues): number {
  const source = String(values["source"]);
  const kinds = { image: "images", snapshot: "snapshots", volume: "volumes" } as const;
  const row = source in kinds ? collection(named(kinds[source as keyof typeof kinds])!).get(String(values[source])) : undefined;
  if (row === undefined) return 1;
  const size = Number(row["size"] ?? 0);
  return source === "image" ? Math.max(1, Number(row["min_disk"] ?? 0), Math.ceil(size / 2 ** 30)) : size;
}
