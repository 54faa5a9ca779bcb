"""The contract of every network engine, for fake and real ones."""

import contextlib
from functools import partial

import msgspec
import pytest

from kumoi.engines.network.interface import (
    AddressPair,
    DhcpOption,
    FixedAddress,
    FloatingIpSpec,
    HostRoute,
    NetworkError,
    NetworkSpec,
    NotThere,
    PortKind,
    PortSpec,
    Route,
    RouterAddress,
    RouterGateway,
    RouterInterface,
    RouterSpec,
    SecurityGroupSpec,
    SecurityRule,
    ServedNetwork,
    SubnetSpec,
    Topology,
    Wiring,
)
from kumoi.kernel import randomness
from kumoi.kernel.fences import Fence, Stale
from tests.waits import at_once, until

FENCE = Fence("server/1", 1)


def a_network(**changes: object) -> NetworkSpec:
    subnet = SubnetSpec(
        id=randomness.new_uuid(),
        cidr="10.0.0.0/24",
        gateway="10.0.0.1",
        dns_servers=["9.9.9.9"],
        host_routes=[HostRoute(destination="192.0.2.0/24", nexthop="10.0.0.9")],
        metadata_address="10.0.0.2",
    )
    network = NetworkSpec(id=randomness.new_uuid(), name="private", dns_domain="example.org.", subnets=[subnet])
    return msgspec.structs.replace(network, **changes)


def a_port(network: NetworkSpec, address: str = "10.0.0.5", **changes: object) -> PortSpec:
    port = PortSpec(
        id=randomness.new_uuid(),
        network_id=network.id,
        mac="fa:16:3e:00:00:" + address.split(".")[-1].zfill(2)[-2:],
        fixed_addresses=[FixedAddress(subnet_id=network.subnets[0].id, address=address)],
    )
    return msgspec.structs.replace(port, **changes)


def a_router(inside: NetworkSpec, outside: NetworkSpec) -> RouterSpec:
    return RouterSpec(
        id=randomness.new_uuid(),
        interfaces=[
            RouterInterface(
                port_id=randomness.new_uuid(),
                network_id=inside.id,
                mac="fa:16:3e:00:01:01",
                mtu=1442,
                addresses=[RouterAddress(address="10.0.0.1/24")],
            )
        ],
        gateway=RouterGateway(
            port_id=randomness.new_uuid(),
            network_id=outside.id,
            mac="fa:16:3e:00:01:02",
            mtu=1500,
            addresses=["172.30.0.10/24"],
            next_hops=["172.30.0.1"],
        ),
        routes=[Route(destination="198.51.100.0/24", nexthop="10.0.0.7")],
    )


def an_external_network() -> NetworkSpec:
    subnet = SubnetSpec(id=randomness.new_uuid(), cidr="172.30.0.0/24", gateway="172.30.0.1", enable_dhcp=False)
    return NetworkSpec(id=randomness.new_uuid(), external=True, physical_network="external", mtu=1500, subnets=[subnet])


class TopologyContract:
    """A subclass has the fixtures `topology`, `other_topology` (another connection) and `wiring`."""

    def test_apply_is_idempotent_and_inventory_knows_it(self, topology: Topology) -> None:
        network, outside = a_network(), an_external_network()
        group = SecurityGroupSpec(id=randomness.new_uuid(), name="web")
        port = a_port(network, security_groups=[group.id])
        router = a_router(network, outside)
        floating = FloatingIpSpec(
            id=randomness.new_uuid(),
            address="172.30.0.20",
            mac="fa:16:3e:00:02:01",
            router_id=router.id,
            port_id=port.id,
            fixed_address="10.0.0.5",
        )
        for _ in range(2):
            topology.apply(network, 1)
            topology.apply(outside, 1)
            topology.apply(group, 2)
            topology.apply(port, 3)
            topology.apply(router, 4)
            topology.apply(floating, 5)
        held = topology.inventory()
        assert (held[NetworkSpec][network.id], held[NetworkSpec][outside.id]) == (1, 1)
        assert held[SecurityGroupSpec][group.id] == 2
        assert held[PortSpec][port.id] == 3
        assert held[RouterSpec][router.id] == 4
        assert held[FloatingIpSpec][floating.id] == 5
        assert router.interfaces[0].port_id not in held[PortSpec]
        for _ in range(2):
            topology.remove(FloatingIpSpec, floating.id, 6)
            topology.remove(RouterSpec, router.id, 6)
            topology.remove(PortSpec, port.id, 6)
            topology.remove(SecurityGroupSpec, group.id, 6)
            topology.remove(NetworkSpec, network.id, 6)
            topology.remove(NetworkSpec, outside.id, 6)
        held = topology.inventory()
        assert not {network.id, outside.id} & set(held[NetworkSpec])
        assert port.id not in held[PortSpec] and router.id not in held[RouterSpec]
        assert floating.id not in held[FloatingIpSpec] and group.id not in held[SecurityGroupSpec]

    def test_an_older_revision_is_refused_and_changes_nothing(self, topology: Topology) -> None:
        network = a_network()
        topology.apply(network, 5)
        with pytest.raises(Stale):
            topology.apply(msgspec.structs.replace(network, mtu=1000), 4)
        with pytest.raises(Stale):
            topology.remove(NetworkSpec, network.id, 4)
        assert topology.inventory()[NetworkSpec][network.id] == 5

    def test_what_was_removed_does_not_come_back_late(self, topology: Topology, other_topology: Topology) -> None:
        network = a_network()
        port = a_port(network)
        topology.apply(network, 1)
        topology.apply(port, 1)
        topology.remove(PortSpec, port.id, 2)
        for late in (1, 2):
            with pytest.raises(Stale):
                other_topology.apply(port, late)
        assert port.id not in other_topology.inventory()[PortSpec]
        other_topology.apply(port, 3)
        until(lambda: topology.inventory()[PortSpec].get(port.id) == 3)

    def test_of_two_writers_the_newer_stands(self, topology: Topology, other_topology: Topology) -> None:
        """Two runners, one of which has lost its lease, write at the same time."""
        network = a_network()
        topology.apply(network, 1)
        for _ in range(15):
            port = a_port(network)

            def write(writer: Topology, revisions: list[int], port: PortSpec = port) -> None:
                for revision in revisions:
                    with contextlib.suppress(Stale):
                        writer.apply(port, revision)

            at_once([partial(write, topology, [1, 3, 5, 7]), partial(write, other_topology, [2, 4, 6, 8])])
            until(lambda port=port: topology.inventory()[PortSpec].get(port.id) == 8)

    def test_what_it_stands_on_must_be_there(self, topology: Topology) -> None:
        network, outside = a_network(), an_external_network()
        with pytest.raises(NotThere, match=network.id):
            topology.apply(a_port(network), 1)
        with pytest.raises(NotThere):
            topology.apply(a_router(network, outside), 1)
        floating = FloatingIpSpec(
            id=randomness.new_uuid(),
            address="172.30.0.21",
            mac="fa:16:3e:00:02:02",
            router_id=randomness.new_uuid(),
            port_id=randomness.new_uuid(),
            fixed_address="10.0.0.5",
        )
        with pytest.raises(NotThere):
            topology.apply(floating, 1)

    def test_a_network_with_ports_stays(self, topology: Topology) -> None:
        network = a_network()
        port = a_port(network)
        topology.apply(network, 1)
        topology.apply(port, 1)
        with pytest.raises(NetworkError, match="still has ports"):
            topology.remove(NetworkSpec, network.id, 2)
        topology.remove(PortSpec, port.id, 2)
        topology.remove(NetworkSpec, network.id, 2)

    def test_many_ports_are_all_or_none(self, topology: Topology) -> None:
        network = a_network()
        topology.apply(network, 1)
        ports = [a_port(network, f"10.0.0.{10 + number}") for number in range(20)]
        topology.apply(ports[-1], 9)
        with pytest.raises(Stale):
            topology.apply_all([(port, 1) for port in ports])
        assert not {port.id for port in ports[:-1]} & set(topology.inventory()[PortSpec])
        topology.apply_all([(port, 10) for port in ports])
        assert {port.id for port in ports} <= set(topology.inventory()[PortSpec])

    def test_a_router_takes_its_floating_ips_along(self, topology: Topology) -> None:
        network, outside = a_network(), an_external_network()
        router = a_router(network, outside)
        topology.apply(network, 1)
        topology.apply(outside, 1)
        topology.apply(router, 1)
        floating = FloatingIpSpec(
            id=randomness.new_uuid(),
            address="172.30.0.22",
            mac="fa:16:3e:00:02:03",
            router_id=router.id,
            port_id=randomness.new_uuid(),
            fixed_address="10.0.0.5",
        )
        topology.apply(floating, 1)
        topology.remove(RouterSpec, router.id, 2)
        assert floating.id not in topology.inventory()[FloatingIpSpec]
        topology.remove(NetworkSpec, outside.id, 2)
        topology.remove(NetworkSpec, network.id, 2)

    def test_every_field_is_taken(self, topology: Topology) -> None:
        six = SubnetSpec(
            id=randomness.new_uuid(),
            cidr="fd00:1::/64",
            gateway="fd00:1::1",
            ipv6_ra_mode="dhcpv6-stateful",
            ipv6_address_mode="dhcpv6-stateful",
            dns_servers=["2620:fe::fe"],
        )
        network = a_network()
        network = msgspec.structs.replace(network, subnets=[*network.subnets, six])
        groups = [randomness.new_uuid(), randomness.new_uuid()]
        rules = [
            SecurityRule(id=randomness.new_uuid(), direction=direction, ethertype=ethertype, **rest)
            for direction in ("ingress", "egress")
            for ethertype, rest in (
                ("IPv4", {}),
                ("IPv4", {"protocol": "tcp", "port_min": 22, "port_max": 22, "remote_prefix": "0.0.0.0/0"}),
                ("IPv4", {"protocol": "udp", "port_min": 53, "port_max": 99, "remote_prefix": "192.0.2.7/24"}),
                ("IPv4", {"protocol": "icmp", "port_min": 8, "port_max": 0, "remote_group_id": groups[0]}),
                ("IPv6", {"protocol": "icmpv6", "remote_group_id": groups[1]}),
                ("IPv6", {"protocol": "vrrp"}),
                ("IPv4", {"protocol": "47"}),
            )
        ]
        topology.apply(network, 1)
        topology.apply(SecurityGroupSpec(id=groups[0], rules=rules), 1)
        port = a_port(
            network,
            name="p",
            admin_state_up=False,
            fixed_addresses=[
                FixedAddress(subnet_id=network.subnets[0].id, address="10.0.0.5"),
                FixedAddress(subnet_id=six.id, address="fd00:1::5"),
            ],
            security_groups=groups,
            address_pairs=[AddressPair("10.0.0.128/25"), AddressPair("10.0.0.6", "fa:16:3e:00:00:66")],
            dhcp_options=[
                DhcpOption("mtu", "1300"),
                DhcpOption("bootfile-name", 'a "quoted", name'),
                DhcpOption("dns-server", "nonsense, } drop"),
                DhcpOption("unheard-of", "x"),
                DhcpOption("domain-search", "example.org", 6),
            ],
            host="host-1",
        )
        topology.apply(port, 1)
        metadata = a_port(network, "10.0.0.2", kind=PortKind.LOCALPORT)
        topology.apply(metadata, 1)
        topology.apply(msgspec.structs.replace(port, security_groups=groups[:1], port_security=False), 2)
        topology.apply(msgspec.structs.replace(network, subnets=network.subnets[:1]), 2)
        assert port.id in topology.port_states()
        assert metadata.id not in topology.port_states()

    def test_what_is_held_otherwise_is_told(self, topology: Topology) -> None:
        network, outside, group = a_network(), an_external_network(), SecurityGroupSpec(id=randomness.new_uuid())
        port = a_port(network, security_groups=[group.id])
        router = a_router(network, outside)
        assert router.gateway is not None
        floating = FloatingIpSpec(
            id=randomness.new_uuid(), address="172.30.0.22", mac="fa:16:3e:00:02:03", router_id=router.id,
            port_id=port.id, fixed_address="10.0.0.5",
        )  # fmt: skip
        every = [network, outside, group, port, router, floating]
        assert sorted(topology.differing(every)) == sorted(spec.id for spec in every)
        for held in (network, outside):
            topology.apply(held, 1)
        topology.apply(group, 1)
        topology.apply(port, 1)
        topology.apply(router, 1)
        topology.apply(floating, 1)
        until(lambda: topology.differing(every) == [])
        rule = SecurityRule(id=randomness.new_uuid(), direction="ingress", ethertype="IPv4", protocol="tcp")
        change = msgspec.structs.replace
        (subnet,) = network.subnets
        for other in (
            change(network, subnets=[change(subnet, dns_servers=["9.9.9.10"])]),
            change(network, subnets=[]),
            change(outside, vlan=7),
            change(group, rules=[rule]),
            change(port, mac="fa:16:3e:00:00:77"),
            change(port, admin_state_up=False),
            change(port, security_groups=[]),
            change(port, port_security=False),
            change(port, dhcp_options=[DhcpOption(name="mtu", value="1300")]),
            change(router, interfaces=[]),
            change(router, gateway=None),
            change(router, gateway=change(router.gateway, enable_snat=False)),
            change(router, routes=[Route(destination="192.0.2.0/24", nexthop="10.0.0.9")]),
            change(floating, fixed_address="10.0.0.6"),
        ):
            assert topology.differing([other]) == [other.id], other
        assert topology.differing(every) == [], "a question changes nothing"

    def test_a_plugged_port_goes_up_and_tells(self, topology: Topology, wiring: Wiring) -> None:
        heard: list[tuple[str, bool]] = []
        network = a_network()
        port = a_port(network)
        topology.apply(network, 1)
        topology.apply(port, 1)
        topology.watch(lambda port_id, up: heard.append((port_id, up)))
        assert topology.port_states()[port.id] is False
        tap = wiring.plug(FENCE, port.id, port.mac, 1442)
        try:
            assert 0 < len(tap) <= 15
            assert wiring.plug(FENCE, port.id, port.mac, 1442) == tap
            until(lambda: topology.port_states()[port.id])
            until(lambda: (port.id, True) in heard)
            assert port.id in wiring.plugged() and port.id in wiring.inventory().ports
        finally:
            wiring.unplug(FENCE, port.id)
        wiring.unplug(FENCE, port.id)
        until(lambda: not topology.port_states()[port.id])
        until(lambda: (port.id, False) in heard)
        assert port.id not in wiring.plugged()

    def test_networks_are_served_apart(self, wiring: Wiring) -> None:
        served = [
            ServedNetwork(
                network_id=randomness.new_uuid(),
                port_id=randomness.new_uuid(),
                mac="fa:16:3e:00:00:02",
                mtu=1442,
                addresses=["10.0.0.2/24"],
            )
            for _ in range(2)
        ]
        names = {}
        for network in served * 2:
            names[network.network_id] = wiring.serve_network(FENCE, network)
        assert len(set(names.values())) == 2
        assert {key: value for key, value in wiring.served_networks().items() if key in names} == names
        assert set(names) <= set(wiring.inventory().networks)
        assert wiring.inventory().strays == []
        for network in served * 2:
            wiring.unserve_network(FENCE, network.network_id)
        assert not set(names) & set(wiring.served_networks())
