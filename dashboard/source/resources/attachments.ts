/** Attachments: which volume is connected to which server. */

import type { block_storage } from "../../generated/types";
import { resource } from "../runtime/resource";

type Attachment = block_storage.AttachmentsAttachment;

const ATTACHMENTS = "/attachments";

export default resource<Attachment>({
  name: "attachments",
  group: "storage",
  order: 6,
  service: "volumev3",
  version: "volume 3.70",
  list: `${ATTACHMENTS}/detail`,
  item: `${ATTACHMENTS}/{id}`,
  many: "attachments",
  one: "attachment",
  subject: "attachment",
  follows: ["volume"],
  everywhere: { all_tenants: "1" },
  title: (row) => row.id,
  sort: "-attached_at",
  fields: [
    { name: "id", kind: "link", to: "attachments", value: (row) => [row.id, row.id], width: "290px", detail: "never" },
    { name: "status", kind: "status", width: "120px" },
    { name: "volume", kind: "link", to: "volumes", value: (row) => row.volume_id, width: "160px", detail: "top" },
    { name: "server", kind: "link", to: "servers", value: (row) => row.instance, width: "160px", detail: "top" },
    { name: "mode", value: (row) => row.attach_mode, column: "offered", detail: "top" },
    { name: "attached_at", kind: "time", width: "110px", detail: "top" },
    { name: "detached_at", kind: "time", column: "offered" },
  ],
  // A server's are made and removed with it: the volume's page detaches.
  removable: (row) => row.instance === null,
});
