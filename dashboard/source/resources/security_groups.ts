/** Security groups and their rules. */

import type { network } from "../../generated/types";
import { t } from "../runtime/messages";
import { resource, type FormValues } from "../runtime/resource";
import { command, optional } from "../runtime/wording";
import { ofProject, owned, rule, Rules } from "../parts/network";

type SecurityGroup = network.SecurityGroup;

const GROUPS = "/v2.0/security-groups";
const PROTOCOLS = ["tcp", "udp", "icmp", "ipv6-icmp", "sctp", "any"];
const PORT = 65_535;
const ported = (values: FormValues): boolean => ["tcp", "udp", "sctp"].includes(String(values["protocol"]));
const said = (kind: string, values: string[]) => () => values.map((value) => ({ value, title: t(`security_groups.${kind}.${value}`) }));

export default resource<SecurityGroup>({
  name: "security_groups",
  group: "network",
  order: 3,
  service: "network",
  list: GROUPS,
  item: `${GROUPS}/{id}`,
  many: "security_groups",
  one: "security_group",
  subject: "security_group",
  mine: (row) => ofProject(row) || row.shared,
  sort: "name",
  fields: [
    { name: "name", width: "160px" },
    { name: "allows", kind: "list", value: (row) => row.security_group_rules.filter((each) => each.direction === "ingress").map(rule), width: "260px", detail: "never" },
    { name: "description", width: "160px", detail: "top" },
    { name: "stateful", kind: "flag", column: "offered" },
    { name: "shared", kind: "flag", column: "offered" },
    { name: "tags", kind: "list", column: "offered" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.project_id, column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
  ],
  actions: [
    {
      name: "add_rule",
      route: { service: "network", method: "POST", path: "/v2.0/security-group-rules" },
      when: owned,
      single: true,
      form: [
        { name: "direction", kind: "choice", required: true, initial: "ingress", options: said("direction", ["ingress", "egress"]) },
        { name: "protocol", kind: "choice", required: true, initial: "tcp", options: said("protocol", PROTOCOLS) },
        { name: "first_port", kind: "number", least: 1, most: PORT, when: ported },
        { name: "last_port", kind: "number", least: 1, most: PORT, when: ported },
        { name: "family", kind: "choice", required: true, initial: "IPv4", options: ["IPv4", "IPv6"].map((value) => ({ value, title: value })) },
        { name: "prefix", kind: "text", longest: 64, when: (values) => values["remote_group"] === "" },
        { name: "remote_group", kind: "choice", options: "security_groups", when: (values) => values["prefix"] === "" },
        { name: "description", kind: "text", longest: 255 },
      ],
      withValues: (row, values) => ({ security_group_rule: asked(row.id, values) }),
    },
  ],
  removable: (row) => owned(row) && row.name !== "default",
  change: {
    method: "PUT",
    when: owned,
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "description", kind: "text", longest: 255 },
    ],
    body: ({ name, description }, row) => ({ security_group: row.name === "default" ? { description } : { name, description } }),
  },
  panels: [{ name: "rules", component: Rules }],
  relations: [{ to: "ports", only: (row) => (other) => ((other["security_groups"] ?? []) as string[]).includes(row.id) }],
  form: {
    route: { service: "network", method: "POST", path: GROUPS },
    inputs: [
      { name: "name", kind: "text", required: true, longest: 255 },
      { name: "description", kind: "text", longest: 255 },
      { name: "stateful", kind: "toggle", initial: true, advanced: true },
    ],
    body: ({ name, description, stateful }) => ({ security_group: { name, description, stateful } }),
    command: ({ name, description, stateful }) =>
      command("openstack security group create", [...optional("description", description), ...(stateful === true ? [] : ["--stateless"])], name),
    terraform: ({ name, description, stateful }) => [{
      type: "openstack_networking_secgroup_v2",
      arguments: { name, description, stateful: stateful === true ? undefined : false },
    }],
  },
});

/** The rule that a person has entered. One port is a range of one. */
function asked(group: string, values: FormValues): network.asked.RuleCreate {
  const first = String(values["first_port"]);
  const last = String(values["last_port"]);
  const ports = ported(values) && (first !== "" || last !== "");
  return {
    security_group_id: group,
    direction: values["direction"] === "egress" ? "egress" : "ingress",
    ethertype: String(values["family"]),
    ...(values["protocol"] === "any" ? {} : { protocol: String(values["protocol"]) }),
    ...(ports ? { port_range_min: Number(first || last), port_range_max: Number(last || first) } : {}),
    ...(values["prefix"] === "" ? {} : { remote_ip_prefix: String(values["prefix"]) }),
    ...(values["remote_group"] === "" ? {} : { remote_group_id: String(values["remote_group"]) }),
    ...(values["description"] === "" ? {} : { description: String(values["description"]) }),
  };
}
