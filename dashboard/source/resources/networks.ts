/** Networks. */

import type { network } from "../../generated/types";
import { ask } from "../runtime/api";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { tell } from "../runtime/notices";
import { named } from "../runtime/registry";
import { pageOf, resource } from "../runtime/resource";
import { go } from "../runtime/router";
import { isAdmin } from "../runtime/session";
import { command, Expression, label, option, optional } from "../runtime/wording";
import { attempt } from "../components/basics";
import { ofProject, owned } from "../parts/network";

type Network = network.Network;

const NETWORKS = "/v2.0/networks";
const byAdmin = (): boolean => isAdmin.value;

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
  mine: (row) => ofProject(row) || row.shared || row["router:external"] === true,
  sort: "name",
  fields: [
    { name: "name", width: "180px" },
    { name: "status", kind: "status", width: "120px" },
    { name: "shared", kind: "flag" },
    { name: "external", kind: "flag", value: (row) => row["router:external"] },
    { name: "admin_state_up", kind: "flag", column: "offered" },
    { name: "port_security_enabled", kind: "flag", column: "offered" },
    { name: "mtu", kind: "count", column: "offered" },
    { name: "description", column: "offered" },
    { name: "tags", kind: "list", column: "offered" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.project_id, column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
  ],
  actions: [
    {
      name: "add_subnet",
      route: { service: "network", method: "POST", path: "/v2.0/subnets" },
      when: owned,
      single: true,
      open: (row) => `/subnets/new?network=${row.id}`,
    },
  ],
  removable: owned,
  change: {
    method: "PUT",
    when: owned,
    inputs: [
      { name: "name", kind: "text", longest: 255 },
      { name: "description", kind: "text", longest: 255 },
      { name: "admin_state_up", kind: "toggle" },
      { name: "shared", kind: "toggle", when: byAdmin },
    ],
    body: ({ name, description, admin_state_up, shared }) => ({
      network: { name, description, admin_state_up, ...(isAdmin.value ? { shared } : {}) },
    }),
  },
  relations: [
    { to: "subnets", only: (row) => (other) => other["network_id"] === row.id },
    { to: "ports", only: (row) => (other) => other["network_id"] === row.id },
  ],
  form: {
    route: { service: "network", method: "POST", path: NETWORKS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "cidr", kind: "text", longest: 64, initial: "192.168.0.0/24" },
      { name: "shared", kind: "toggle", advanced: true, when: byAdmin },
      { name: "external", kind: "toggle", advanced: true, when: byAdmin },
      { name: "description", kind: "text", longest: 255, advanced: true },
    ],
    body: ({ name, shared, external, description }) => ({
      network: {
        name,
        ...(shared === true ? { shared } : {}),
        ...(external === true ? { "router:external": true } : {}),
        ...(description === "" ? {} : { description }),
      },
    }),
    after: async (made, { cidr }) => {
      const networks = named("networks")!;
      const id = made.id;
      if (cidr !== "") {
        const ip_version = String(cidr).includes(":") ? 6 : 4;
        const subnet = { network_id: id, name: made.name, cidr, ip_version };
        await attempt(() => ask<unknown>("network", "POST", "/v2.0/subnets", { body: { subnet } }).then(() => undefined));
      }
      await collection(networks).fetch(id).catch(() => undefined);
      tell(t("created", { name: made.name || id }));
      go(pageOf(networks, id), { replace: true });
    },
    command: ({ name, cidr, shared, external, description }) => {
      const options = [...(shared === true ? ["--share"] : []), ...(external === true ? ["--external"] : []), ...optional("description", description)];
      const network = command("openstack network create", options, name);
      if (cidr === "") return network;
      const version = String(cidr).includes(":") ? ["--ip-version=6"] : [];
      return `${network}\n${command("openstack subnet create", [option("network", name), option("subnet-range", cidr), ...version], name)}`;
    },
    terraform: ({ name, cidr, shared, external, description }) => [
      {
        type: "openstack_networking_network_v2",
        arguments: { name, shared: shared === true ? true : undefined, external: external === true ? true : undefined, description },
      },
      ...(cidr === "" ? [] : [{
        type: "openstack_networking_subnet_v2",
        arguments: {
          name, network_id: new Expression(`openstack_networking_network_v2.${label(name)}.id`), cidr, ip_version: String(cidr).includes(":") ? 6 : 4,
        },
      }]),
    ],
  },
});
