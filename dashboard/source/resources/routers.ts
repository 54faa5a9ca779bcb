/** Routers, their interfaces in subnets and their gateway. */

import type { network } from "../../generated/types";
import { collection } from "../runtime/collections";
import { named } from "../runtime/registry";
import { resource, type Row } from "../runtime/resource";
import { command, optional } from "../runtime/wording";
import { external, internalSubnet, ofProject, owned } from "../parts/network";

type Router = network.Router;

const ROUTERS = "/v2.0/routers";
const update = { service: "network", method: "PUT", path: `${ROUTERS}/{id}` } as const;

/** An interface is a port: what is shown of them is old. */
const portsChanged = (): void => {
  for (const name of ["ports", "subnets"]) void collection(named(name)!).load();
};

export default resource<Router>({
  name: "routers",
  group: "network",
  order: 4,
  service: "network",
  list: ROUTERS,
  item: `${ROUTERS}/{id}`,
  many: "routers",
  one: "router",
  subject: "router",
  mine: ofProject,
  sort: "name",
  fields: [
    { name: "name", width: "180px" },
    { name: "status", kind: "status", width: "120px" },
    { name: "gateway", kind: "link", to: "networks", value: (row) => row.external_gateway_info?.network_id, width: "120px", detail: "top" },
    { name: "outside_addresses", kind: "list", value: (row) => (row.external_gateway_info?.external_fixed_ips ?? []).map((each) => each.ip_address), width: "140px", detail: "top" },
    { name: "snat", kind: "flag", value: (row) => row.external_gateway_info?.enable_snat === true, column: "offered" },
    { name: "admin_state_up", kind: "flag", column: "offered" },
    { name: "routes", kind: "list", value: (row) => row.routes.map((each) => `${each.destination} → ${each.nexthop}`), column: "offered" },
    { name: "description", column: "offered" },
    { name: "tags", kind: "list", column: "offered" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.project_id, column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
  ],
  actions: [
    {
      name: "add_interface",
      route: { service: "network", method: "PUT", path: `${ROUTERS}/{router_id}/add_router_interface` },
      when: owned,
      single: true,
      form: [{ name: "subnet", kind: "choice", options: "subnets", required: true, preselect: true, only: internalSubnet, option: subnetOption }],
      withValues: (_, { subnet }) => ({ subnet_id: subnet }),
      after: portsChanged,
    },
    {
      name: "remove_interface",
      route: { service: "network", method: "PUT", path: `${ROUTERS}/{router_id}/remove_router_interface` },
      when: (row) => owned(row) && interfaces(row.id).length > 0,
      single: true,
      form: (row) => [{
        name: "interface", kind: "choice", required: true, preselect: true,
        options: () => interfaces(row.id).map((each) => ({ value: String(each["id"]), title: addresses(each).join(", ") })),
      }],
      withValues: (_, values) => ({ port_id: values["interface"] }),
      after: portsChanged,
    },
    {
      name: "set_gateway",
      route: update,
      when: (row) => owned(row) && row.external_gateway_info === null,
      single: true,
      form: [{ name: "network", kind: "choice", options: "networks", required: true, preselect: true, only: external }],
      withValues: (_, { network }) => ({ router: { external_gateway_info: { network_id: network } } }),
    },
    {
      name: "clear_gateway",
      route: update,
      when: (row) => owned(row) && row.external_gateway_info !== null,
      confirm: true,
      danger: true,
      body: () => ({ router: { external_gateway_info: null } }),
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
    ],
    body: ({ name, description, admin_state_up }) => ({ router: { name, description, admin_state_up } }),
  },
  relations: [
    { to: "ports", only: (row) => (other) => other["device_id"] === row.id },
    { to: "floating_ips", only: (row) => (other) => other["router_id"] === row.id },
  ],
  form: {
    route: { service: "network", method: "POST", path: ROUTERS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "gateway", kind: "choice", options: "networks", preselect: true, only: external },
      { name: "description", kind: "text", longest: 255, advanced: true },
    ],
    body: ({ name, gateway, description }) => ({
      router: {
        name,
        ...(gateway === "" ? {} : { external_gateway_info: { network_id: gateway } }),
        ...(description === "" ? {} : { description }),
      },
    }),
    command: ({ name, gateway, description }) =>
      command("openstack router create", [...optional("external-gateway", gateway), ...optional("description", description)], name),
    terraform: ({ name, gateway, description }) => [{ type: "openstack_networking_router_v2", arguments: { name, external_network_id: gateway, description } }],
  },
});

const addresses = (port: Row): string[] => ((port["fixed_ips"] ?? []) as { ip_address: string }[]).map((each) => each.ip_address);

/** The ports of a router's interfaces, as far as they are loaded. */
function interfaces(router: string): Row[] {
  const ports = named("ports");
  if (ports === undefined) return [];
  return collection(ports).all().filter((row) => row["device_id"] === router && String(row["device_owner"]).startsWith("network:router_interface"));
}

function subnetOption(row: Row) {
  return { value: String(row["id"]), title: String(row["name"] || row["id"]), note: String(row["cidr"]) };
}
