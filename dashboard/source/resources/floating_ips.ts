/** Floating IPs: addresses of an external network that lead to a port. */

import type { network } from "../../generated/types";
import { collection } from "../runtime/collections";
import type { Route } from "../runtime/permissions";
import { named } from "../runtime/registry";
import { resource, type Row } from "../runtime/resource";
import { command, optional } from "../runtime/wording";
import { external, ofProject, portOption, serves } from "../parts/network";

type FloatingIp = network.FloatingIp;

const FLOATING_IPS = "/v2.0/floatingips";
const update: Route = { service: "network", method: "PUT", path: `${FLOATING_IPS}/{id}` };

export default resource<FloatingIp>({
  name: "floating_ips",
  group: "network",
  order: 2,
  service: "network",
  list: FLOATING_IPS,
  item: `${FLOATING_IPS}/{id}`,
  many: "floatingips",
  one: "floatingip",
  subject: "floating_ip",
  mine: ofProject,
  title: (row) => row.floating_ip_address,
  sort: "address",
  fields: [
    { name: "address", value: (row) => row.floating_ip_address, width: "150px" },
    { name: "status", kind: "status", width: "120px" },
    { name: "server", kind: "link", to: "servers", value: (row) => (row.port_details?.device_owner.startsWith("compute:") ? row.port_details.device_id : null), width: "140px", detail: "top" },
    { name: "fixed_address", value: (row) => row.fixed_ip_address, width: "120px", detail: "top" },
    { name: "network", kind: "link", to: "networks", value: (row) => row.floating_network_id, width: "110px", detail: "top" },
    { name: "port", kind: "link", to: "ports", value: (row) => row.port_id, column: "offered" },
    { name: "router", kind: "link", to: "routers", value: (row) => row.router_id, column: "offered" },
    { name: "description", column: "offered" },
    { name: "tags", kind: "list", column: "offered" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.project_id, column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
  ],
  actions: [
    {
      name: "associate",
      route: update,
      when: (row) => row.port_id === null,
      single: true,
      form: [{ name: "port", kind: "choice", options: "ports", required: true, preselect: true, only: serves, option: portOption }],
      withValues: (_, { port }) => ({ floatingip: { port_id: port } }),
    },
    {
      name: "disassociate",
      route: update,
      when: (row) => row.port_id !== null,
      confirm: true,
      body: () => ({ floatingip: { port_id: null } }),
    },
  ],
  change: {
    method: "PUT",
    inputs: [{ name: "description", kind: "text", longest: 255 }],
    body: ({ description }) => ({ floatingip: { description } }),
  },
  form: {
    route: { service: "network", method: "POST", path: FLOATING_IPS },
    inputs: [
      { name: "network", kind: "choice", options: "networks", required: true, preselect: true, only: external },
      { name: "port", kind: "choice", options: "ports", only: serves, option: portOption },
      { name: "address", kind: "text", longest: 64, advanced: true },
      { name: "description", kind: "text", longest: 255, advanced: true },
    ],
    body: ({ network, port, address, description }) => ({
      floatingip: {
        floating_network_id: network,
        ...(port === "" ? {} : { port_id: port }),
        ...(address === "" ? {} : { floating_ip_address: address }),
        ...(description === "" ? {} : { description }),
      },
    }),
    command: ({ network, port, address, description }) =>
      command("openstack floating ip create", [
        ...optional("port", port), ...optional("floating-ip-address", address), ...optional("description", description),
      ], network),
    terraform: ({ network, port, address, description }) => [{
      type: "openstack_networking_floatingip_v2",
      arguments: { pool: nameOf("networks", network), port_id: port, address, description },
    }],
  },
  words: (row: FloatingIp & Row) => [row.fixed_ip_address ?? ""],
});

/** Terraform knows a pool by its name. */
const nameOf = (resource: string, id: unknown): string => String(collection(named(resource)!).get(String(id))?.["name"] ?? id);
