/** Backups of volumes: copies in another place. */

import type { block_storage } from "../../generated/types";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { named } from "../runtime/registry";
import { resource } from "../runtime/resource";
import { command, optional } from "../runtime/wording";

type Backup = block_storage.Backup;

const BACKUPS = "/backups";
const ready = (row: { status?: unknown }): boolean => row.status === "available" || row.status === "in-use";

export default resource<Backup>({
  name: "backups",
  group: "storage",
  order: 3,
  service: "volumev3",
  version: "volume 3.70",
  list: `${BACKUPS}/detail`,
  item: `${BACKUPS}/{id}`,
  many: "backups",
  one: "backup",
  subject: "backup",
  everywhere: { all_tenants: "1" },
  sort: "-created_at",
  fields: [
    { name: "name", width: "180px" },
    { name: "status", kind: "status", width: "120px" },
    { name: "size", kind: "gibibytes", detail: "top" },
    { name: "volume", kind: "link", to: "volumes", value: (row) => row.volume_id, width: "150px", detail: "top" },
    { name: "is_incremental", kind: "flag", width: "110px" },
    { name: "has_dependent_backups", kind: "flag", column: "offered" },
    { name: "snapshot", kind: "link", to: "snapshots", value: (row) => row.snapshot_id, column: "offered" },
    { name: "container", column: "offered" },
    { name: "fail_reason", column: "offered" },
    { name: "description", column: "offered" },
    { name: "metadata", kind: "map", column: "never" },
    { name: "project", kind: "link", to: "projects", value: (row) => row["os-backup-project-attr:project_id"] ?? null, column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
  ],
  broken: (row) => (row.status.startsWith("error") ? (row.fail_reason ?? t("backups.broken")) : null),
  actions: [
    {
      name: "restore",
      route: { service: "volumev3", method: "POST", path: `${BACKUPS}/{backup_id}/restore` },
      when: (row) => row.status === "available",
      single: true,
      form: (row) => [
        { name: "into", kind: "choice", options: "volumes", only: (volume) => volume["status"] === "available" && Number(volume["size"]) >= row.size },
        { name: "name", kind: "text", longest: 255, when: ({ into }) => into === "" },
      ],
      withValues: (_, { into, name }) => ({ restore: into === "" ? { ...(name === "" ? {} : { name }) } : { volume_id: into } }),
      after: (_, answer) => void collection(named("volumes")!).fetch((answer as { restore: { volume_id: string } }).restore.volume_id).catch(() => undefined),
    },
  ],
  removable: (row) => row.status === "available" || row.status.startsWith("error"),
  relations: [{ to: "volumes", only: (row) => (other) => other["id"] === row.volume_id }],
  change: {
    method: "PUT",
    inputs: [
      { name: "name", kind: "text", longest: 255 },
      { name: "description", kind: "text", longest: 255 },
    ],
    body: ({ name, description }) => ({ backup: { name, description } }),
  },
  form: {
    route: { service: "volumev3", method: "POST", path: BACKUPS },
    inputs: [
      { name: "volume", kind: "choice", options: "volumes", required: true, preselect: true, only: ready },
      { name: "name", kind: "text", longest: 255 },
      { name: "is_incremental", kind: "toggle" },
      { name: "description", kind: "text", longest: 255, advanced: true },
    ],
    body: ({ volume, name, is_incremental, description }) => ({
      backup: { volume_id: volume, name, force: true, ...(is_incremental === true ? { incremental: true } : {}), ...(description === "" ? {} : { description }) },
    }),
    command: ({ volume, name, is_incremental, description }) =>
      command("openstack volume backup create", [
        ...optional("name", name),
        "--force",
        ...(is_incremental === true ? ["--incremental"] : []),
        ...optional("description", description),
      ], volume),
  },
});
