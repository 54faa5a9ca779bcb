/** Key pairs: by name, not by id; a list that wraps each in another object. */

import type { compute } from "../../generated/types";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { tell } from "../runtime/notices";
import { named } from "../runtime/registry";
import { pageOf, resource, type Row } from "../runtime/resource";
import { go } from "../runtime/router";
import { save } from "../runtime/rows";
import { command, option, written } from "../runtime/wording";

type Keypair = Partial<compute.KeypairDetail> & compute.Keypair;

const KEYPAIRS = "/os-keypairs";

export default resource<Keypair>({
  name: "keypairs",
  group: "compute",
  order: 4,
  service: "compute",
  version: "compute 2.96",
  list: KEYPAIRS,
  item: `${KEYPAIRS}/{id}`,
  many: "keypairs",
  one: "keypair",
  unwrap: (entry) => entry["keypair"] as Row,
  subject: "keypair",
  id: (row) => row.name,
  sort: "name",
  fields: [
    { name: "name", width: "180px" },
    { name: "type", detail: "top" },
    { name: "fingerprint", kind: "code", width: "340px", detail: "top" },
    { name: "public_key", kind: "code", column: "never" },
    { name: "created_at", kind: "time", column: "never", detail: "top" },
  ],
  form: {
    route: { service: "compute", method: "POST", path: KEYPAIRS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255, pattern: "[\\w\\-@. ]+" },
      { name: "public_key", kind: "area", required: true },
    ],
    body: ({ name, public_key }) => ({ keypair: { name, type: "ssh", public_key: String(public_key).trim() } }),
    after: async (made) => {
      const keypairs = named("keypairs")!;
      const key = (made as Row)["private_key"];
      if (typeof key === "string") save(`${made.name}.pem`, "application/x-pem-file", key);
      await collection(keypairs).fetch(made.name).catch(() => undefined);
      tell(t("created", { name: made.name }));
      go(pageOf(keypairs, made.name), { replace: true });
    },
    // The client reads the key from a file.
    command: ({ name, public_key }) => written("key.pub", String(public_key).trim()) + command("openstack keypair create", [option("public-key", "key.pub")], name),
    terraform: ({ name, public_key }) => [{ type: "openstack_compute_keypair_v2", arguments: { name, public_key: String(public_key).trim() } }],
  },
});
