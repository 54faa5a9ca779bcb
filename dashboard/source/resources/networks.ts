/** Networks. */

import type { network } from "../../generated/types";
import { resource } from "../runtime/resource";

type Network = network.Network;

const NETWORKS = "/v2.0/networks";

export default resource<Network>({
  name: "networks",
  group: "network",
  order: 1,
  service: "network",
  list: NETWORKS,
  item: `${NETWORKS}/{id}`,
  many: "networks",
  one: "network",
  subject: "network",
  sort: "name",
  fields: [
    { name: "name", width: "180px" },
    { name: "status", kind: "status", width: "120px" },
    { name: "shared", kind: "flag" },
    { name: "external", kind: "flag", value: (row) => row["router:external"] },
    { name: "mtu", kind: "count", column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
  ],
  removable: false,
});
