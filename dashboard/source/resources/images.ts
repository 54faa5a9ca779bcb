/** Images. */

import type { image } from "../../generated/types";
import { collection } from "../runtime/collections";
import { ask, send } from "../runtime/api";
import { t } from "../runtime/messages";
import { tell } from "../runtime/notices";
import { named } from "../runtime/registry";
import { go } from "../runtime/router";
import { pageOf, resource } from "../runtime/resource";
import { isAdmin, projectId } from "../runtime/session";
import { ImageTags, Members, Properties } from "../parts/image";
import { command, option } from "../runtime/wording";

type Image = image.Image;

const IMAGES = "/v2/images";
const FORMATS = ["qcow2", "raw", "iso", "vmdk", "vdi", "vhd"];

/** An image that is shared with the project, or public, is another's to change. */
const owned = (row: Image): boolean => row.owner === projectId.value || isAdmin.value;

export default resource<Image>({
  name: "images",
  group: "compute",
  order: 2,
  service: "image",
  list: IMAGES,
  item: `${IMAGES}/{id}`,
  many: "images",
  one: null,
  subject: "image",
  mine: (row) => row.owner === projectId.value || row.visibility !== "private",
  sort: "name",
  title: (row) => row.name ?? "",
  fields: [
    { name: "name", width: "180px" },
    { name: "status", kind: "status", width: "120px" },
    { name: "visibility", width: "100px", detail: "top" },
    { name: "size", kind: "bytes", detail: "top" },
    { name: "disk_format", detail: "top" },
    { name: "min_disk", kind: "gibibytes", column: "offered" },
    { name: "min_ram", kind: "mebibytes", column: "offered" },
    { name: "protected", kind: "flag", column: "offered" },
    { name: "tags", kind: "list", column: "offered", detail: "never" },
    { name: "checksum", kind: "code", value: (row) => row.os_hash_value, column: "never" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
    { name: "updated_at", kind: "time", column: "offered" },
  ],
  actions: [
    { name: "launch", route: { service: "compute", method: "POST", path: "/servers" }, when: (row) => row.status === "active", single: true, open: (row) => `/servers/new?image=${row.id}` },
  ],
  panels: [{ name: "properties", component: Properties }, { name: "tags", component: ImageTags }, { name: "members", component: Members }],
  removable: (row) => !row.protected && owned(row),
  change: {
    when: owned,
    method: "PATCH",
    headers: { "Content-Type": "application/openstack-images-v2.1-json-patch" },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "protected", kind: "toggle" },
      { name: "min_disk", kind: "number", least: 0, unit: "GiB" },
      { name: "min_ram", kind: "number", least: 0, unit: "MiB" },
    ],
    body: ({ name, min_disk, min_ram, ...more }) => [
      { op: "replace", path: "/name", value: name },
      { op: "replace", path: "/protected", value: more["protected"] },
      { op: "replace", path: "/min_disk", value: Number(min_disk) },
      { op: "replace", path: "/min_ram", value: Number(min_ram) },
    ],
  },
  form: {
    route: { service: "image", method: "POST", path: IMAGES },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "file", kind: "file", required: true },
      { name: "disk_format", kind: "choice", required: true, initial: "qcow2", options: FORMATS.map((value) => ({ value, title: value })) },
      { name: "min_disk", kind: "number", initial: "0", least: 0, unit: "GiB", advanced: true },
      { name: "min_ram", kind: "number", initial: "0", least: 0, unit: "MiB", advanced: true },
    ],
    body: ({ name, disk_format, min_disk, min_ram }) => ({
      name, disk_format, container_format: "bare", min_disk: Number(min_disk), min_ram: Number(min_ram),
    }),
    after: async (made, values) => {
      const images = named("images")!;
      const file = values["file"];
      go(pageOf(images, made.id), { replace: true });
      if (!(file instanceof Blob)) return;
      tell(t("images.uploading", { name: made.name ?? made.id }));
      try {
        await send("image", "PUT", `${IMAGES}/${made.id}/file`, { body: file, headers: { "Content-Type": "application/octet-stream" } });
      } catch (error) {
        // An image without its bytes is of no use.
        await ask("image", "DELETE", `${IMAGES}/${made.id}`).catch(() => undefined);
        throw error;
      } finally {
        await collection(images).fetch(made.id).catch(() => undefined);
      }
    },
    command: ({ name, file, disk_format, min_disk, min_ram }) =>
      command("openstack image create", [
        option("disk-format", disk_format), "--container-format=bare", option("min-disk", min_disk), option("min-ram", min_ram), option("file", nameOf(file)),
      ], name),
    terraform: ({ name, file, disk_format, min_disk, min_ram }) => [{
      type: "openstack_images_image_v2",
      arguments: {
        name, disk_format, container_format: "bare", local_file_path: nameOf(file), min_disk_gb: Number(min_disk), min_ram_mb: Number(min_ram),
      },
    }],
  },
});

/** The name of the chosen file. */
const nameOf = (file: unknown): string => (file instanceof File ? file.name : "image.qcow2");
