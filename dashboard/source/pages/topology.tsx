/** The network topology, as a drawing: networks are vertical lines, routers and servers are rows, a dot is a connection. */

import { useEffect } from "preact/hooks";
import type { compute, network } from "../../generated/types";
import { collection } from "../runtime/collections";
import { count } from "../runtime/formats";
import { t } from "../runtime/messages";
import { named, page } from "../runtime/registry";
import { pageOf, visible } from "../runtime/resource";
import { Empty } from "../components/basics";
import { mood } from "../components/value";
import { Reach } from "../parts/reach";

const SHOWN = ["networks", "subnets", "routers", "ports", "floating_ips", "servers"];
/** Pixels of the drawing. */
const BOX = { width: 200, height: 34 };
const LANE = 190;
const ROW = 58;
const HEAD = 64;
/** Servers that are drawn; the others are counted. */
const MOST = 100;

interface Connection {
  network: string;
  addresses: string[];
  floating: string[];
}

interface Device {
  id: string;
  name: string;
  href: string;
  mood: string;
  connections: Connection[];
}

const rowsOf = <T,>(name: string): T[] => collection(named(name)!).all() as unknown as T[];

const shortened = (text: string, most: number): string => {
  const letters = [...text];
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join("")}…`;
};

/** Routers, then servers, with the networks that each is connected to. */
function devices(): Device[] {
  const floating = new Map<string, string[]>();
  for (const each of rowsOf<network.FloatingIp>("floating_ips")) {
    if (each.port_id !== null) floating.set(each.port_id, [...(floating.get(each.port_id) ?? []), each.floating_ip_address]);
  }
  const connections = new Map<string, Connection[]>();
  for (const port of rowsOf<network.Port>("ports")) {
    if (port.device_id === "" || port.device_owner === "network:router_gateway") continue;
    const addresses = port.fixed_ips.map((each) => each.ip_address);
    const made = { network: port.network_id, addresses, floating: floating.get(port.id) ?? [] };
    connections.set(port.device_id, [...(connections.get(port.device_id) ?? []), made]);
  }
  const routers = rowsOf<network.Router>("routers").map((row) => {
    // The port of a gateway belongs to no project, so that its members do not see it.
    const gateway = row.external_gateway_info;
    const outside = gateway === null ? [] : [{ network: gateway.network_id, addresses: gateway.external_fixed_ips.map((each) => each.ip_address), floating: [] }];
    return device("routers", row, [...outside, ...(connections.get(row.id) ?? [])]);
  });
  const servers = rowsOf<compute.ServersServer>("servers").map((row) => device("servers", row, connections.get(row.id) ?? []));
  return [...routers, ...servers];
}

const device = (kind: string, row: { id: string; name: string; status: string }, connections: Connection[]): Device => ({
  id: row.id, name: row.name || row.id, href: pageOf(named(kind)!, row.id), mood: mood(row.status), connections,
});

function Topology() {
  useEffect(() => {
    for (const name of SHOWN) collection(named(name)!).want();
  }, []);
  const networks = rowsOf<network.Network>("networks").sort(
    (one, other) => Number(other["router:external"]) - Number(one["router:external"]) || one.name.localeCompare(other.name),
  );
  const all = devices();
  const drawn = all.slice(0, MOST);
  return (
    <div class="page">
      <header class="page-head"><h1>{t("topology.title")}</h1></header>
      {networks.length === 0 ? <Empty title={t("topology.none")} /> : <Drawing networks={networks} devices={drawn} />}
      <Reach />
      {all.length > drawn.length && <p class="faint">{t("topology.more", { count: all.length - drawn.length, number: count(all.length - drawn.length) })}</p>}
    </div>
  );
}

function Drawing({ networks, devices }: { networks: network.Network[]; devices: Device[] }) {
  const width = BOX.width + networks.length * LANE + 60;
  const height = HEAD + Math.max(devices.length, 1) * ROW;
  const lanes = new Map(networks.map((each, at) => [each.id, BOX.width + 50 + at * LANE]));
  const ranges = new Map<string, string[]>();
  for (const subnet of rowsOf<network.Subnet>("subnets")) ranges.set(subnet.network_id, [...(ranges.get(subnet.network_id) ?? []), subnet.cidr]);
  return (
    <div class="drawing">
      <svg width={width} height={height} role="group" aria-label={t("topology.drawing")}>
        {networks.map((each) => {
          const x = lanes.get(each.id)!;
          return (
            <g key={each.id} class={each["router:external"] ? "lane outside" : "lane"}>
              <line x1={x} y1={HEAD - 12} x2={x} y2={height} />
              <a href={pageOf(named("networks")!, each.id)}>
                <title>{each.name || each.id}</title>
                <text class="lane-name" x={x - 6} y={22}>{shortened(each.name || each.id, 22)}</text>
              </a>
              <text class="lane-range" x={x - 6} y={40}>{shortened((ranges.get(each.id) ?? []).join(", "), 24)}</text>
            </g>
          );
        })}
        {devices.map((each, at) => <Line key={each.id} device={each} y={HEAD + at * ROW + BOX.height / 2} lanes={lanes} />)}
      </svg>
    </div>
  );
}

/** A device and its connections. */
function Line({ device: { name, href, mood: state, connections }, y, lanes }: { device: Device; y: number; lanes: Map<string, number> }) {
  const found = connections.filter((each) => lanes.has(each.network));
  const right = Math.max(BOX.width, ...found.map((each) => lanes.get(each.network)!));
  return (
    <g class="device">
      <line x1={BOX.width} y1={y} x2={right} y2={y} />
      <a href={href}>
        <title>{name}</title>
        <rect x={1} y={y - BOX.height / 2} width={BOX.width - 1} height={BOX.height} rx={6} />
        <circle class={`state ${state}`} cx={16} cy={y} r={4} />
        <text x={30} y={y + 4}>{shortened(name, 22)}</text>
      </a>
      {found.map((each, at) => {
        const x = lanes.get(each.network)!;
        return (
          <g key={at}>
            <circle class="joint" cx={x} cy={y} r={5} />
            <text class="address" x={x + 10} y={y - 6}>{shortened(each.addresses.join(", "), 24)}</text>
            {each.floating.length > 0 && <text class="address outside" x={x + 10} y={y + 16}>{shortened(each.floating.join(", "), 24)}</text>}
          </g>
        );
      })}
    </g>
  );
}

export default page({
  name: "topology",
  group: "network",
  order: 0,
  component: Topology,
  visible: () => SHOWN.every((name) => visible(named(name)!)),
});
