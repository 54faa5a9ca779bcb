/** Snapshots of volumes. */

import type { block_storage } from "../../generated/types";
import { t } from "../runtime/messages";
import { collection } from "../runtime/collections";
import { named } from "../runtime/registry";
import { resource } from "../runtime/resource";
import { command, option, optional } from "../runtime/wording";

type Snapshot = block_storage.Snapshot;

const SNAPSHOTS = "/snapshots";

export default resource<Snapshot>({
  name: "snapshots",
  group: "storage",
  order: 2,
  service: "volumev3",
  version: "volume 3.70",
  list: `${SNAPSHOTS}/detail`,
  item: `${SNAPSHOTS}/{id}`,
  many: "snapshots",
  one: "snapshot",
  subject: "snapshot",
  everywhere: { all_tenants: "1" },
  sort: "-created_at",
  fields: [
    { name: "name", width: "180px" },
    { name: "status", kind: "status", width: "120px" },
    { name: "size", kind: "gibibytes", detail: "top" },
    { name: "volume", kind: "link", to: "volumes", value: (row) => row.volume_id, width: "160px", detail: "top" },
    { name: "description", column: "offered" },
    { name: "metadata", kind: "map", column: "never" },
    { name: "project", kind: "link", to: "projects", value: (row) => row["os-extended-snapshot-attributes:project_id"], column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
    { name: "updated_at", kind: "time", column: "offered" },
  ],
  broken: (row) => (row.status.startsWith("error") ? t("snapshots.broken") : null),
  actions: [
    {
      name: "make_volume",
      route: { service: "volumev3", method: "POST", path: "/volumes" },
      when: (row) => row.status === "available",
      single: true,
      open: (row) => `/volumes/new?source=snapshot&snapshot=${row.id}`,
    },
    {
      name: "revert",
      route: { service: "volumev3", method: "POST", path: "/volumes/{volume_id}/action", action: "revert" },
      when: (row) => row.status === "available",
      single: true,
      danger: true,
      confirm: true,
      path: (row) => `/volumes/${encodeURIComponent(row.volume_id)}/action`,
      body: (row) => ({ revert: { snapshot_id: row.id } }),
      after: (row) => void collection(named("volumes")!).fetch(row.volume_id).catch(() => undefined),
    },
  ],
  removable: (row) => row.status === "available" || row.status.startsWith("error"),
  change: {
    method: "PUT",
    inputs: [
      { name: "name", kind: "text", longest: 255 },
      { name: "description", kind: "text", longest: 255 },
    ],
    body: ({ name, description }) => ({ snapshot: { name, description } }),
  },
  relations: [{ to: "volumes", only: (row) => (other) => other["snapshot_id"] === row.id }],
  form: {
    route: { service: "volumev3", method: "POST", path: SNAPSHOTS },
    inputs: [
      { name: "volume", kind: "choice", options: "volumes", required: true, preselect: true, only: (row) => row["status"] === "available" || row["status"] === "in-use" },
      { name: "name", kind: "text", longest: 255 },
      { name: "description", kind: "text", longest: 255, advanced: true },
    ],
    body: ({ volume, name, description }) => ({ snapshot: { volume_id: volume, name, ...(description === "" ? {} : { description }) } }),
    command: ({ volume, name, description }) =>
      command("openstack volume snapshot create", [option("volume", volume), "--force", ...optional("description", description)], name),
  },
});
