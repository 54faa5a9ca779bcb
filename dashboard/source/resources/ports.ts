/** Ports: what connects servers and routers to networks. */

import type { network } from "../../generated/types";
import type { Route } from "../runtime/permissions";
import { resource, type Row } from "../runtime/resource";
import { Blocks, command, option, optional } from "../runtime/wording";
import { internal, ofProject, owned } from "../parts/network";

type Port = network.Port;

const PORTS = "/v2.0/ports";
const HELD = ["network:router_interface", "network:router_gateway", "network:floatingip", "network:dhcp"];
const addresses = (row: Port): string[] => row.fixed_ips.map((each) => each.ip_address);
const CHANGE: Route = { service: "network", method: "PUT", path: `${PORTS}/{port_id}` };
const changeable = (row: Port): boolean => owned(row) && !HELD.includes(row.device_owner);

/** One a line: an address, and its MAC if it has its own. */
const pairsIn = (text: string) =>
  text.split("\n").flatMap((line) => {
    const [ip_address, mac_address] = line.trim().split(/\s+/);
    return ip_address ? [{ ip_address, ...(mac_address ? { mac_address } : {}) }] : [];
  });
const group = (row: Row) => ({ value: String(row["id"]), title: String(row["name"]) });

export default resource<Port>({
  name: "ports",
  group: "network",
  order: 6,
  service: "network",
  list: PORTS,
  item: `${PORTS}/{id}`,
  many: "ports",
  one: "port",
  subject: "port",
  mine: ofProject,
  title: (row) => row.name || addresses(row).join(", "),
  sort: "network",
  fields: [
    { name: "name", value: (row) => row.name || addresses(row).join(", "), width: "150px" },
    { name: "status", kind: "status", width: "110px" },
    { name: "addresses", kind: "list", value: addresses, width: "130px", detail: "top" },
    { name: "network", kind: "link", to: "networks", value: (row) => row.network_id, width: "120px", detail: "top" },
    { name: "server", kind: "link", to: "servers", value: (row) => (row.device_owner.startsWith("compute:") ? row.device_id : null), width: "130px", detail: "top" },
    { name: "router", kind: "link", to: "routers", value: (row) => (row.device_owner.startsWith("network:router") ? row.device_id : null), width: "110px" },
    { name: "owner", value: (row) => row.device_owner, column: "offered" },
    { name: "mac_address", kind: "code", column: "offered" },
    { name: "security_groups", kind: "count", value: (row) => row.security_groups.length, column: "offered", detail: "never" },
    { name: "port_security_enabled", kind: "flag", column: "offered" },
    { name: "allowed_address_pairs", kind: "list", value: (row) => row.allowed_address_pairs.map((each) => each.ip_address), column: "offered" },
    { name: "admin_state_up", kind: "flag", column: "offered" },
    { name: "host", value: (row) => row["binding:host_id"], column: "offered" },
    { name: "description", column: "offered" },
    { name: "tags", kind: "list", column: "offered" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.project_id, column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", column: "offered", width: "110px" },
  ],
  words: (row) => [row.mac_address, row.device_id],
  actions: [
    {
      name: "address_pairs", route: CHANGE, single: true, when: (row) => changeable(row) && row.port_security_enabled,
      form: (row) => [{ name: "address_pairs", kind: "area", initial: row.allowed_address_pairs.map((each) => (each.mac_address === row.mac_address ? each.ip_address : `${each.ip_address} ${each.mac_address}`)).join("\n") }],
      withValues: (_, { address_pairs }) => ({ port: { allowed_address_pairs: pairsIn(String(address_pairs)) } }),
    },
    { name: "protect", route: CHANGE, when: (row) => changeable(row) && !row.port_security_enabled, body: () => ({ port: { port_security_enabled: true } }) },
    {
      name: "unprotect", route: CHANGE, confirm: true, danger: true, when: (row) => changeable(row) && row.port_security_enabled,
      body: () => ({ port: { port_security_enabled: false, security_groups: [], allowed_address_pairs: [] } }),
    },
  ],
  removable: (row) => owned(row) && !HELD.includes(row.device_owner),
  change: {
    method: "PUT",
    when: (row) => owned(row) && !HELD.includes(row.device_owner),
    inputs: [
      { name: "name", kind: "text", longest: 255 },
      { name: "description", kind: "text", longest: 255 },
      { name: "admin_state_up", kind: "toggle" },
      { name: "security_groups", kind: "choices", options: "security_groups", option: group, only: owned },
    ],
    body: ({ name, description, admin_state_up, security_groups }) => ({ port: { name, description, admin_state_up, security_groups } }),
  },
  relations: [
    { to: "floating_ips", only: (row) => (other) => other["port_id"] === row.id },
    { to: "security_groups", only: (row) => (other) => row.security_groups.includes(String(other["id"])) },
  ],
  form: {
    route: { service: "network", method: "POST", path: PORTS },
    inputs: [
      { name: "name", kind: "text", longest: 255 },
      { name: "network", kind: "choice", options: "networks", required: true, preselect: true, only: internal },
      { name: "address", kind: "text", longest: 64 },
      { name: "security_groups", kind: "choices", options: "security_groups", option: group, only: owned },
      { name: "mac_address", kind: "text", longest: 17, advanced: true },
      { name: "description", kind: "text", longest: 255, advanced: true },
    ],
    body: ({ name, network, address, security_groups, mac_address, description }) => ({
      port: {
        name, network_id: network,
        ...(address === "" ? {} : { fixed_ips: [{ ip_address: address }] }),
        ...(Array.isArray(security_groups) && security_groups.length > 0 ? { security_groups } : {}),
        ...(mac_address === "" ? {} : { mac_address }),
        ...(description === "" ? {} : { description }),
      },
    }),
    command: ({ name, network, address, security_groups, mac_address, description }) =>
      command("openstack port create", [
        option("network", network),
        ...(address === "" ? [] : [option("fixed-ip", `ip-address=${String(address)}`)]),
        ...(Array.isArray(security_groups) ? security_groups.map((each) => option("security-group", each)) : []),
        ...optional("mac-address", mac_address),
        ...optional("description", description),
      ], name || "port"),
    terraform: ({ name, network, address, security_groups, mac_address, description }) => [{
      type: "openstack_networking_port_v2",
      arguments: {
        name, network_id: network, mac_address, description,
        security_group_ids: Array.isArray(security_groups) && security_groups.length > 0 ? security_groups : undefined,
        fixed_ip: address === "" ? undefined : new Blocks([{ ip_address: address }]),
      },
    }],
  },
});
