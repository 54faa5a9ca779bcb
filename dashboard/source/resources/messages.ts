/** Messages of block storage: why something with a volume failed, for whoever asked for it. */

import type { block_storage } from "../../generated/types";
import { resource } from "../runtime/resource";

type Message = block_storage.Message;

const MESSAGES = "/messages";

export default resource<Message>({
  name: "messages",
  group: "storage",
  order: 7,
  service: "volumev3",
  version: "volume 3.70",
  list: MESSAGES,
  item: `${MESSAGES}/{id}`,
  many: "messages",
  one: "message",
  subject: "message",
  title: (row) => row.user_message,
  sort: "-created_at",
  fields: [
    { name: "name", value: (row) => row.user_message, width: "320px" },
    { name: "level", value: (row) => row.message_level, width: "90px", detail: "top" },
    { name: "volume", kind: "link", to: "volumes", value: (row) => (row.resource_type === "VOLUME" ? row.resource_uuid : null), width: "160px", detail: "top" },
    { name: "event", kind: "code", value: (row) => row.event_id, column: "offered" },
    { name: "request", kind: "code", value: (row) => row.request_id, column: "offered" },
    { name: "guaranteed_until", kind: "time", column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
  ],
});
