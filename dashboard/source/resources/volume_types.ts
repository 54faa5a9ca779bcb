/** Volume types. */

import type { block_storage } from "../../generated/types";
import { resource } from "../runtime/resource";
import { command, mapped, optional, pairs } from "../runtime/wording";
import { TypeAccess, TypeSpecs } from "../parts/volume_type";

type Type = block_storage.VolumeType;

const TYPES = "/types";

export default resource<Type>({
  name: "volume_types",
  group: "storage",
  order: 5,
  service: "volumev3",
  version: "volume 3.70",
  list: TYPES,
  item: `${TYPES}/{id}`,
  many: "volume_types",
  one: "volume_type",
  subject: "volume_type",
  query: { is_public: "None" },
  sort: "name",
  fields: [
    { name: "name", width: "180px" },
    { name: "description", width: "220px" },
    { name: "public", kind: "flag", value: (row) => row.is_public, detail: "top" },
    { name: "extra_specs", kind: "map", column: "offered", detail: "never" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
  ],
  panels: [{ name: "extra_specs", component: TypeSpecs }, { name: "access", component: TypeAccess }],
  relations: [{ to: "volumes", only: (row) => (other) => other["volume_type"] === row.name }],
  change: {
    method: "PUT",
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "description", kind: "text", longest: 255 },
      { name: "is_public", kind: "toggle" },
    ],
    body: ({ name, description, is_public }) => ({ volume_type: { name, description, is_public } }),
  },
  form: {
    route: { service: "volumev3", method: "POST", path: TYPES },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "description", kind: "text", longest: 255 },
      { name: "is_public", kind: "toggle", initial: true },
      { name: "extra_specs", kind: "map", advanced: true },
    ],
    body: ({ name, description, is_public, extra_specs }) => ({
      volume_type: {
        name, "os-volume-type-access:is_public": is_public,
        ...(description === "" ? {} : { description }),
        ...(mapped(extra_specs) === undefined ? {} : { extra_specs: mapped(extra_specs) }),
      },
    }),
    command: ({ name, description, is_public, extra_specs }) =>
      command("openstack volume type create", [
        is_public === true ? "--public" : "--private",
        ...optional("description", description),
        ...pairs("property", extra_specs),
      ], name),
    terraform: ({ name, description, is_public, extra_specs }) => [
      { type: "openstack_blockstorage_volume_type_v3", arguments: { name, description, is_public, extra_specs: mapped(extra_specs) } },
    ],
  },
});
