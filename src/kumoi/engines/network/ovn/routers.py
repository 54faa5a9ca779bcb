"""A router as a logical router: interfaces, the gateway, source NAT, routes; and floating IPs on it."""

import ipaddress
from collections.abc import Sequence

from kumoi.engines.network.interface import FloatingIpSpec, RouterGateway, RouterInterface, RouterSpec
from kumoi.engines.network.ovn import networks
from kumoi.engines.network.ovn.networks import PORT
from kumoi.engines.network.ovn.rows import Rendering, Row, Rows, row_id

KIND = "router"
FLOATING_IP = "floating_ip"
ROUTER = "Logical_Router"
ROUTER_PORT = "Logical_Router_Port"
ROUTE = "Logical_Router_Static_Route"
NAT = "NAT"
GATEWAY = "Gateway_Chassis"


def apply(rows: Rows, router: RouterSpec, revision: int, gateway_hosts: Sequence[str]) -> None:
    """`gateway_hosts`: hosts that may run the gateway, the preferred one first."""
    rows.admit(KIND, router.id, revision)
    row = rows.put(
        ROUTER,
        row_id(KIND, router.id),
        name=router.id,
        enabled=[router.admin_state_up],
        external_ids=rows.stamp(KIND, router.id, revision, name=router.name),
    )
    old_ports = [] if rows.is_new(row) else row.ports
    ports = [_interface(rows, interface) for interface in router.interfaces]
    if router.gateway is not None:
        ports.append(_gateway(rows, router, router.gateway, gateway_hosts))
    for port in old_ports:
        if port not in ports:
            _drop_peer(rows, port)
    rows.put(ROUTER, row.uuid, ports=ports, static_routes=_routes(rows, router))
    _source_nat(rows, row, router)


def remove(rows: Rows, router_id: str, revision: int) -> None:
    rows.admit(KIND, router_id, revision, removed=True)
    row = rows.find(ROUTER, row_id(KIND, router_id))
    if row is None:
        return
    for port in row.ports:
        _drop_peer(rows, port)
    row.delete()


def apply_floating_ip(rows: Rows, floating: FloatingIpSpec, revision: int) -> None:
    rows.admit(FLOATING_IP, floating.id, revision)
    router = rows.need(ROUTER, row_id(KIND, floating.router_id), f"router {floating.router_id}")
    identifier = row_id(FLOATING_IP, floating.id)
    before = rows.find(NAT, identifier)
    if before is not None:
        old_id = before.external_ids["kumoi:router"]
        old = rows.find(ROUTER, row_id(KIND, old_id))
        if old is not None and old_id != floating.router_id:
            rows.part(old, "nat", before)
    row = rows.put(
        NAT,
        identifier,
        type="dnat_and_snat",
        external_ip=floating.address,
        logical_ip=floating.fixed_address,
        external_mac=[floating.mac] if floating.distributed else [],
        logical_port=[floating.port_id] if floating.distributed else [],
        external_ids=rows.stamp(FLOATING_IP, floating.id, revision, router=floating.router_id, port=floating.port_id),
    )
    rows.join(router, "nat", row)


def remove_floating_ip(rows: Rows, floating_ip_id: str, revision: int) -> None:
    rows.admit(FLOATING_IP, floating_ip_id, revision, removed=True)
    row = rows.find(NAT, row_id(FLOATING_IP, floating_ip_id))
    if row is None:
        return
    router = rows.find(ROUTER, row_id(KIND, row.external_ids["kumoi:router"]))
    if router is not None:
        rows.part(router, "nat", row)


def _interface(rows: Rows, interface: RouterInterface) -> Row:
    modes = [address.ra_mode for address in interface.addresses if address.ra_mode is not None]
    advertise = {}
    if modes:
        advertise = {"address_mode": modes[0].replace("-", "_"), "send_periodic": "true", "mtu": str(interface.mtu)}
    return _port(
        rows,
        interface.port_id,
        interface.network_id,
        interface.mac,
        [address.address for address in interface.addresses],
        ipv6_ra_configs=advertise,
        gateway_chassis=[],
        options={},
    )


def _gateway(rows: Rows, router: RouterSpec, gateway: RouterGateway, hosts: Sequence[str]) -> Row:
    chassis = [
        rows.put(
            GATEWAY,
            row_id("gateway", gateway.port_id, host),
            name=f"{gateway.port_id}_{host}",
            chassis_name=host,
            priority=len(hosts) - place,
        )
        for place, host in enumerate(hosts)
    ]
    larger = any(interface.mtu > gateway.mtu for interface in router.interfaces)
    return _port(
        rows,
        gateway.port_id,
        gateway.network_id,
        gateway.mac,
        gateway.addresses,
        ipv6_ra_configs={},
        gateway_chassis=chassis,
        # Too large a packet is answered by the router, not lost behind it.
        options={"gateway_mtu": str(gateway.mtu)} if larger else {},
    )


def _port(rows: Rows, port_id: str, network_id: str, mac: str, addresses: list[str], **columns: object) -> Row:
    """A port of the router and its peer on the network's switch."""
    switch = networks.need(rows, network_id)
    identifiers = {"kumoi:kind": "router-port", "kumoi:id": port_id, "kumoi:network": network_id}
    name = router_port_name(port_id)
    peer = rows.put(
        PORT,
        row_id("router-peer", port_id),
        name=port_id,
        type="router",
        addresses=["router"],
        options={"router-port": name, "nat-addresses": "router"}
        if columns["gateway_chassis"]
        else {"router-port": name},
        external_ids=identifiers,
    )
    if rows.is_new(peer):
        rows.join(switch, "ports", peer)
    return rows.put(
        ROUTER_PORT,
        row_id("router-port", port_id),
        name=name,
        mac=mac,
        networks=addresses,
        external_ids=identifiers,
        **columns,
    )


def router_port_name(port_id: str) -> str:
    return f"router-{port_id}"


def _drop_peer(rows: Rows, port: Row) -> None:
    peer = rows.find(PORT, row_id("router-peer", port.external_ids["kumoi:id"]))
    switch = rows.find(networks.SWITCH, row_id(networks.KIND, port.external_ids["kumoi:network"]))
    if peer is not None and switch is not None:
        rows.part(switch, "ports", peer)


def _routes(rows: Rows, router: RouterSpec) -> list[Row]:
    routes: list[tuple[str, str, str | None]] = [(route.destination, route.nexthop, None) for route in router.routes]
    if router.gateway is not None:
        for hop in router.gateway.next_hops:
            everywhere = "0.0.0.0/0" if ipaddress.ip_address(hop).version == 4 else "::/0"
            routes.append((everywhere, hop, router_port_name(router.gateway.port_id)))
    return [
        rows.put(
            ROUTE,
            row_id("route", router.id, destination, hop),
            ip_prefix=destination,
            nexthop=hop,
            output_port=[] if port is None else [port],
        )
        for destination, hop, port in {(route[0], route[1]): route for route in routes}.values()
    ]


def _source_nat(rows: Rows, row: Row, router: RouterSpec) -> None:
    wanted = []
    gateway = router.gateway
    outside = [] if gateway is None else [ipaddress.ip_interface(each) for each in gateway.addresses]
    addresses = [str(each.ip) for each in outside if each.version == 4]
    if gateway is not None and gateway.enable_snat and addresses:
        inside = [
            ipaddress.ip_interface(address.address).network
            for interface in router.interfaces
            for address in interface.addresses
        ]
        wanted = [
            rows.put(
                NAT,
                row_id("source-nat", router.id, str(network)),
                type="snat",
                external_ip=addresses[0],
                logical_ip=str(network),
                external_ids={"kumoi:kind": "source-nat", "kumoi:router": router.id},
            )
            for network in sorted(set(inside), key=str)
            if network.version == 4
        ]
    # Changed one by one, because floating IPs use the same column.
    held = [] if rows.is_new(row) else [nat for nat in row.nat if nat.type == "snat"]
    for nat in held:
        if nat not in wanted:
            rows.part(row, "nat", nat)
    for nat in wanted:
        if nat not in held:
            rows.join(row, "nat", nat)


def rendering(gateway_hosts: Sequence[str]) -> Rendering[RouterSpec]:
    """`gateway_hosts`: see `apply`."""

    def on_hosts(rows: Rows, router: RouterSpec, revision: int) -> None:
        apply(rows, router, revision, gateway_hosts)

    return Rendering(RouterSpec, ROUTER, on_hosts, remove)


FLOATING_IPS = Rendering(FloatingIpSpec, NAT, apply_floating_ip, remove_floating_ip)
