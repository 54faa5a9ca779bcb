/** Subnets. */

import type { network } from "../../generated/types";
import { resource } from "../runtime/resource";
import { command, option, optional } from "../runtime/wording";
import { internal, ofProject, owned } from "../parts/network";

type Subnet = network.Subnet;

const SUBNETS = "/v2.0/subnets";
const lines = (value: unknown): string[] => String(value).split(/[\s,]+/).filter(Boolean);
const version = (cidr: unknown): 4 | 6 => (String(cidr).includes(":") ? 6 : 4);

export default resource<Subnet>({
  name: "subnets",
  group: "network",
  order: 5,
  service: "network",
  list: SUBNETS,
  item: `${SUBNETS}/{id}`,
  many: "subnets",
  one: "subnet",
  subject: "subnet",
  mine: ofProject,
  sort: "name",
  fields: [
    { name: "name", width: "160px" },
    { name: "network", kind: "link", to: "networks", value: (row) => row.network_id, width: "140px", detail: "top" },
    { name: "cidr", kind: "code", width: "140px", detail: "top" },
    { name: "gateway_ip", kind: "code", width: "120px", detail: "top" },
    { name: "enable_dhcp", kind: "flag", width: "80px" },
    { name: "pools", kind: "list", value: (row) => row.allocation_pools.map((pool) => `${pool.start} – ${pool.end}`), column: "offered" },
    { name: "dns_nameservers", kind: "list", column: "offered" },
    { name: "host_routes", kind: "list", value: (row) => row.host_routes.map((each) => `${each.destination} → ${each.nexthop}`), column: "offered" },
    { name: "ip_version", kind: "count", column: "offered" },
    { name: "description", column: "offered" },
    { name: "tags", kind: "list", column: "offered" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.project_id, column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
  ],
  removable: owned,
  change: {
    method: "PUT",
    when: owned,
    inputs: [
      { name: "name", kind: "text", longest: 255 },
      { name: "description", kind: "text", longest: 255 },
      { name: "enable_dhcp", kind: "toggle" },
      { name: "dns_nameservers", kind: "text" },
    ],
    body: ({ name, description, enable_dhcp, dns_nameservers }) => ({
      subnet: { name, description, enable_dhcp, dns_nameservers: lines(dns_nameservers) },
    }),
  },
  relations: [{ to: "ports", only: (row) => (other) => ((other["fixed_ips"] ?? []) as { subnet_id: string }[]).some((each) => each.subnet_id === row.id) }],
  form: {
    route: { service: "network", method: "POST", path: SUBNETS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "network", kind: "choice", options: "networks", required: true, preselect: true, only: (row) => internal(row) && owned(row) },
      { name: "cidr", kind: "text", required: true, longest: 64, initial: "192.168.0.0/24" },
      { name: "enable_dhcp", kind: "toggle", initial: true },
      { name: "gateway_ip", kind: "text", longest: 64, advanced: true },
      { name: "dns_nameservers", kind: "text", advanced: true },
      { name: "description", kind: "text", longest: 255, advanced: true },
    ],
    body: ({ name, network, cidr, enable_dhcp, gateway_ip, dns_nameservers, description }) => ({
      subnet: {
        name, network_id: network, cidr, ip_version: version(cidr), enable_dhcp,
        ...(gateway_ip === "" ? {} : { gateway_ip }),
        ...(dns_nameservers === "" ? {} : { dns_nameservers: lines(dns_nameservers) }),
        ...(description === "" ? {} : { description }),
      },
    }),
    command: ({ name, network, cidr, enable_dhcp, gateway_ip, dns_nameservers, description }) =>
      command("openstack subnet create", [
        option("network", network),
        option("subnet-range", cidr),
        ...(version(cidr) === 6 ? ["--ip-version=6"] : []),
        ...(enable_dhcp === true ? [] : ["--no-dhcp"]),
        ...optional("gateway", gateway_ip),
        ...lines(dns_nameservers).map((each) => option("dns-nameserver", each)),
        ...optional("description", description),
      ], name),
    terraform: ({ name, network, cidr, enable_dhcp, gateway_ip, dns_nameservers, description }) => [{
      type: "openstack_networking_subnet_v2",
      arguments: {
        name, network_id: network, cidr, ip_version: version(cidr), enable_dhcp, gateway_ip, description,
        dns_nameservers: dns_nameservers === "" ? undefined : lines(dns_nameservers),
      },
    }],
  },
});
