/** Transfers: volumes that are offered to another project. */

import type { block_storage } from "../../generated/types";
import { resource } from "../runtime/resource";
import { TransferKey } from "../parts/transfer";

type Transfer = block_storage.Transfer;

const TRANSFERS = "/volume-transfers";

export default resource<Transfer>({
  name: "transfers",
  group: "storage",
  order: 4,
  service: "volumev3",
  version: "volume 3.70",
  list: `${TRANSFERS}/detail`,
  item: `${TRANSFERS}/{id}`,
  many: "transfers",
  one: "transfer",
  subject: "transfer",
  everywhere: { all_tenants: "1" },
  title: (row) => row.name ?? "",
  sort: "-created_at",
  fields: [
    { name: "name", width: "180px" },
    { name: "volume", kind: "link", to: "volumes", value: (row) => row.volume_id, width: "180px", detail: "top" },
    { name: "no_snapshots", kind: "flag", column: "offered" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.source_project_id ?? null, column: "offered" },
    { name: "id", kind: "code", width: "290px" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
  ],
  panels: [{ name: "key", component: TransferKey }],
});
