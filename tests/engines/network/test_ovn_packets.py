"""Real packets through OVN: addresses, security groups, gateways, floating IPs, metadata, and daemons that die."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from kumoi.engines.network.interface import (
    METADATA_ADDRESS,
    METADATA_ADDRESS_V6,
    PHYSICAL_NETWORK,
    AddressPair,
    DhcpOption,
    FixedAddress,
    FloatingIpSpec,
    HostRoute,
    NetworkSpec,
    PortKind,
    PortSpec,
    RouterAddress,
    RouterGateway,
    RouterInterface,
    RouterSpec,
    SecurityGroupSpec,
    SecurityRule,
    ServedNetwork,
    SubnetSpec,
    Translations,
)
from kumoi.engines.network.ovn.topology import OvnTopology
from kumoi.engines.network.ovn.wiring import OvnWiring
from kumoi.host.metadata.server import MetadataServer
from kumoi.kernel import randomness
from kumoi.kernel.fences import Fence
from tests.engines.hypervisor.contract import metadata as guest_metadata
from tests.engines.network import running
from tests.engines.network.guest import Guest, answers, ping, run
from tests.waits import until

pytestmark = pytest.mark.real
FENCE = Fence("server/1", 1)

ANSWERER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (sys.argv[3] + " " + self.client_address[0]).encode() + b"." * int(self.path[1:] or 0)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *rest): pass
http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""
"""Answers with its third argument, the client's address, and as many dots as the path requests."""


def answerer(address: str, port: int, text: str) -> list[str]:
    return [sys.executable, "-c", ANSWERER, address, str(port), text]


ASKER = """
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=float(sys.argv[2])).read().decode(), end="")
"""


def asked(url: str, seconds: float = 10) -> list[str]:
    return [sys.executable, "-I", "-c", ASKER, url, str(seconds)]


class Cloud:
    """A tenant's network behind a router, as the network service would create it."""

    def __init__(self, ovn: running.Running, folder: Path) -> None:
        self.ovn, self.folder = ovn, folder
        self.topology = OvnTopology(ovn.folder, ovn.settings)
        self.wiring = OvnWiring(ovn.folder, ovn.settings)
        self.outside = ovn.settings.external_cidr.removesuffix(".0/24")
        self.open_group = SecurityGroupSpec(
            id=randomness.new_uuid(),
            rules=[
                *(rule(direction="egress", ethertype=ethertype) for ethertype in ("IPv4", "IPv6")),
                *(rule(direction="ingress", ethertype=ethertype) for ethertype in ("IPv4", "IPv6")),
            ],
        )
        self.topology.apply(self.open_group, 1)
        self.external = NetworkSpec(
            id=randomness.new_uuid(),
            external=True,
            physical_network=PHYSICAL_NETWORK,
            mtu=1500,
            subnets=[
                SubnetSpec(id=randomness.new_uuid(), cidr=ovn.settings.external_cidr, enable_dhcp=False),
            ],
        )
        self.topology.apply(self.external, 1)
        self.network = self.a_network()
        self.router = self.a_router(self.network, f"{self.outside}.10")
        self.stack = contextlib.ExitStack()

    def a_network(self) -> NetworkSpec:
        four = SubnetSpec(
            id=randomness.new_uuid(),
            cidr="10.0.0.0/24",
            gateway="10.0.0.1",
            dns_servers=["9.9.9.9", "1.1.1.1"],
            host_routes=[HostRoute(destination="192.0.2.0/24", nexthop="10.0.0.9")],
            metadata_address="10.0.0.2",
        )
        six = SubnetSpec(
            id=randomness.new_uuid(),
            cidr="fd00:7::/64",
            gateway="fd00:7::1",
            ipv6_ra_mode="slaac",
            ipv6_address_mode="slaac",
        )
        network = NetworkSpec(id=randomness.new_uuid(), mtu=1442, dns_domain="example.org.", subnets=[four, six])
        self.topology.apply(network, 1)
        metadata = PortSpec(
            id=randomness.new_uuid(),
            network_id=network.id,
            mac="fa:16:3e:00:00:02",
            kind=PortKind.LOCALPORT,
            fixed_addresses=[FixedAddress(subnet_id=four.id, address="10.0.0.2")],
        )
        self.topology.apply(metadata, 1)
        self.wiring.serve_network(
            FENCE,
            ServedNetwork(
                network_id=network.id, port_id=metadata.id, mac=metadata.mac, mtu=1442, addresses=["10.0.0.2/24"]
            ),
        )
        return network

    def a_router(self, network: NetworkSpec, address: str) -> RouterSpec:
        router = RouterSpec(
            id=randomness.new_uuid(),
            interfaces=[
                RouterInterface(
                    port_id=randomness.new_uuid(),
                    network_id=network.id,
                    mac="fa:16:3e:00:01:01",
                    mtu=1442,
                    addresses=[RouterAddress(address="10.0.0.1/24")],
                ),
                RouterInterface(
                    port_id=randomness.new_uuid(),
                    network_id=network.id,
                    mac="fa:16:3e:00:01:03",
                    mtu=1442,
                    addresses=[RouterAddress(address="fd00:7::1/64", ra_mode="slaac")],
                ),
            ],
            gateway=RouterGateway(
                port_id=randomness.new_uuid(),
                network_id=self.external.id,
                mac=f"fa:16:3e:00:02:{address.split('.')[-1].zfill(2)}",
                mtu=1500,
                addresses=[f"{address}/24"],
                next_hops=[f"{self.outside}.1"],
            ),
        )
        self.topology.apply(router, 1)
        return router

    def port(self, last: int, network: NetworkSpec | None = None, groups: list[str] | None = None) -> PortSpec:
        network = network or self.network
        return PortSpec(
            id=randomness.new_uuid(),
            network_id=network.id,
            mac=f"fa:16:3e:00:03:{last:02x}",
            fixed_addresses=[FixedAddress(subnet_id=network.subnets[0].id, address=f"10.0.0.{last}")],
            security_groups=[self.open_group.id] if groups is None else groups,
            host=self.ovn.settings.host_name,
        )

    def boot(self, port: PortSpec) -> Guest:
        """Apply, plug, wait until it is up."""
        self.topology.apply(port, 1)
        self.stack.callback(self.topology.remove, PortSpec, port.id, 9)
        guest = Guest(self.wiring.plug(FENCE, port.id, port.mac, 1442), port.mac, self.folder)
        self.stack.callback(self.wiring.unplug, FENCE, port.id)
        self.stack.callback(guest.close)
        until(lambda: self.topology.port_states()[port.id])
        return guest

    def serve_here(self, address: str, port: int, text: str, namespace: str | None = None) -> None:
        """Answer HTTP in this namespace or another until the cloud is closed."""
        where = [] if namespace is None else ["ip", "netns", "exec", namespace]
        child = subprocess.Popen([*where, *answerer(address, port, text)], stderr=subprocess.DEVNULL)
        self.stack.callback(child.wait)
        self.stack.callback(child.kill)

    def close(self) -> None:
        self.stack.close()
        self.topology.close()


def rule(**fields: object) -> SecurityRule:
    return msgspec.convert({"id": randomness.new_uuid(), **fields}, SecurityRule)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running.ovn() as ovn:
        cloud = Cloud(ovn, tmp_path_factory.mktemp("guests"))
        try:
            yield cloud
        finally:
            cloud.close()


@pytest.fixture
def guests(cloud: Cloud) -> Iterator[Callable[[PortSpec], Guest]]:
    """Boots guests that end with the test."""
    outer, cloud.stack = cloud.stack, contextlib.ExitStack()
    yield cloud.boot
    cloud.stack.close()
    cloud.stack = outer


Boot = Callable[[PortSpec], Guest]


def test_dhcp_tells_all_and_neighbours_answer(cloud: Cloud, guests: Boot) -> None:
    port = cloud.port(20)
    port = msgspec.structs.replace(port, dhcp_options=[DhcpOption("bootfile-name", 'p "x", y')])
    one, two = guests(port), guests(cloud.port(21))
    facts = one.dhcp()
    assert facts["ip"] == "10.0.0.20"
    assert facts["dns"] == "9.9.9.9 1.1.1.1"
    assert facts["mtu"] == "1442"
    assert facts["domain"] == "example.org"
    assert facts["bootfile"] == 'p "x", y'
    for route in (f"{METADATA_ADDRESS}/32 10.0.0.2", "192.0.2.0/24 10.0.0.9", "0.0.0.0/0 10.0.0.1"):
        assert route in facts["staticroutes"]
    two.dhcp()
    until(lambda: one.reaches("10.0.0.21"))
    until(lambda: one.reaches("10.0.0.1"))


def test_router_advertisements_give_addresses(cloud: Cloud, guests: Boot) -> None:
    port = cloud.port(22)
    six = FixedAddress(subnet_id=cloud.network.subnets[1].id, address="fd00:7::f816:3eff:fe00:316")
    guest = guests(msgspec.structs.replace(port, fixed_addresses=[*port.fixed_addresses, six]))
    until(lambda: "fd00:7::f816:3eff:fe00:316" in guest.run("ip", "-6", "address", "show", "dev", "eth0"))
    until(lambda: guest.reaches("fd00:7::1"))


@pytest.mark.parametrize("mode", ["dhcpv6-stateful", "dhcpv6-stateless"])
def test_dhcp6(cloud: Cloud, guests: Boot, mode: Literal["dhcpv6-stateful", "dhcpv6-stateless"]) -> None:
    six = SubnetSpec(
        id=randomness.new_uuid(),
        cidr="fd00:8::/64",
        ipv6_address_mode=mode,
        ipv6_ra_mode=mode,
        dns_servers=["fd00::53"],
    )
    network = NetworkSpec(id=randomness.new_uuid(), subnets=[six])
    cloud.topology.apply(network, 1)
    port = PortSpec(
        id=randomness.new_uuid(),
        network_id=network.id,
        mac="fa:16:3e:00:03:50",
        fixed_addresses=[FixedAddress(subnet_id=six.id, address="fd00:8::50")],
    )
    guest = guests(port)
    until(lambda: "tentative" not in guest.run("ip", "-6", "address", "show", "dev", "eth0"))
    if mode == "dhcpv6-stateful":
        assert guest.dhcp6(1, port.mac) == {"kind": "2", "address": "fd00:8::50", "dns": "fd00::53"}
    else:
        assert guest.dhcp6(11, port.mac) == {"kind": "7", "dns": "fd00::53"}


def test_the_way_out_bears_the_routers_address(cloud: Cloud, guests: Boot) -> None:
    guest = guests(cloud.port(23))
    guest.dhcp()
    cloud.serve_here(f"{cloud.outside}.1", 8080, "host")
    until(lambda: guest.run(*asked(f"http://{cloud.outside}.1:8080/"), check=False) == f"host {cloud.outside}.10")
    # Large enough for segmentation offload.
    long = guest.run(*asked(f"http://{cloud.outside}.1:8080/3000000"))
    assert len(long) > 3_000_000


def test_the_world_sees_this_machines_address(cloud: Cloud, guests: Boot) -> None:
    """A neighbour of the machine, on a link outside the cloud."""
    guest = guests(cloud.port(24))
    guest.dhcp()
    world = f"kw-{cloud.ovn.settings.cloud_id}"
    run("ip", "netns", "add", world)
    try:
        run("ip", "link", "add", world, "type", "veth", "peer", "name", "eth0", "netns", world)
        run("ip", "address", "add", "198.51.100.1/30", "dev", world)
        run("ip", "link", "set", world, "up")
        run("ip", "-n", world, "address", "add", "198.51.100.2/30", "dev", "eth0")
        run("ip", "-n", world, "link", "set", "eth0", "up")
        cloud.serve_here("198.51.100.2", 8080, "world", world)
        until(lambda: guest.run(*asked("http://198.51.100.2:8080/"), check=False) == "world 198.51.100.1")
    finally:
        run("ip", "netns", "delete", world)


@pytest.mark.parametrize("distributed", [False, True])
def test_a_floating_ip_leads_in_and_goes(cloud: Cloud, guests: Boot, distributed: bool) -> None:
    port = cloud.port(25)
    guest = guests(port)
    guest.dhcp()
    guest.spawn(*answerer("0.0.0.0", 80, "guest"))
    floating = FloatingIpSpec(
        id=randomness.new_uuid(),
        address=f"{cloud.outside}.{50 + distributed}",
        mac="fa:16:3e:00:04:01",
        router_id=cloud.router.id,
        port_id=port.id,
        fixed_address="10.0.0.25",
        distributed=distributed,
    )
    cloud.topology.apply(floating, 1)
    until(lambda: run(*asked(f"http://{floating.address}/"), check=False) == f"guest {cloud.outside}.1")
    assert len(run(*asked(f"http://{floating.address}/3000000"))) > 3_000_000
    moved = cloud.port(26)
    other = guests(moved)
    other.dhcp()
    other.spawn(*answerer("0.0.0.0", 80, "other"))
    cloud.topology.apply(msgspec.structs.replace(floating, port_id=moved.id, fixed_address="10.0.0.26"), 2)
    until(lambda: run(*asked(f"http://{floating.address}/"), check=False) == f"other {cloud.outside}.1")
    cloud.topology.remove(FloatingIpSpec, floating.id, 3)
    until(lambda: not answers(*ping(floating.address)))


def test_a_connection_does_not_follow_the_address_it_came_by(cloud: Cloud, guests: Boot) -> None:
    """Packets of one connection without a pause, through a floating IP that is moved to another guest."""
    one, two = cloud.port(27), cloud.port(28)
    first, second = guests(one), guests(two)
    for guest in (first, second):
        guest.dhcp()
    floating = FloatingIpSpec(
        id=randomness.new_uuid(),
        address=f"{cloud.outside}.57",
        mac="fa:16:3e:00:04:07",
        router_id=cloud.router.id,
        port_id=one.id,
        fixed_address="10.0.0.27",
    )
    shared = [f"{cloud.outside}.10"]

    def tracked() -> bool:
        """Whether the switch tracks connections through the floating IP."""
        control = f"--target={cloud.wiring.names.switch_control}"
        return f"dst={floating.address}," in run("ovs-appctl", control, "dpctl/dump-conntrack")

    cloud.topology.apply(floating, 1)
    connection = ("ping", "-n", "-c", "1", "-W", "1", "-e", "4711", floating.address)
    until(lambda: answers(*connection))
    cloud.wiring.end_connections(Translations(floating={floating.address: "10.0.0.27"}, shared=shared))
    assert tracked(), "what leads where it should goes on"
    first.run("ip", "link", "set", "eth0", "down")
    cloud.topology.apply(msgspec.structs.replace(floating, port_id=two.id, fixed_address="10.0.0.28"), 2)
    until(lambda: answers(*ping(floating.address)))
    assert not answers(*connection), "the switch forgets by itself: then nobody needs to tell it"
    moved = Translations(floating={floating.address: "10.0.0.28"}, shared=shared)
    assert cloud.wiring.end_connections(moved) > 0
    until(lambda: answers(*connection))
    cloud.topology.remove(FloatingIpSpec, floating.id, 3)
    until(lambda: not answers(*ping(floating.address)))
    assert cloud.wiring.end_connections(Translations(floating={}, shared=shared)) > 0
    assert not tracked()


def test_security_groups_are_walls_with_doors(cloud: Cloud, guests: Boot) -> None:
    friends = SecurityGroupSpec(id=randomness.new_uuid())
    doors = SecurityGroupSpec(
        id=randomness.new_uuid(),
        rules=[
            rule(direction="ingress", ethertype="IPv4", protocol="tcp", port_min=80, port_max=81),
            rule(direction="ingress", ethertype="IPv4", protocol="icmp", remote_group_id=friends.id),
        ],
    )
    cloud.topology.apply(doors, 1)
    walled = guests(cloud.port(30, groups=[doors.id]))
    stranger = guests(cloud.port(31))
    cloud.topology.apply(friends, 1)
    friend = guests(cloud.port(32, groups=[cloud.open_group.id, friends.id]))
    for guest in (walled, stranger, friend):
        guest.dhcp()
    walled.spawn(*answerer("0.0.0.0", 80, "open"))
    walled.spawn(*answerer("0.0.0.0", 90, "shut"))
    until(lambda: stranger.run(*asked("http://10.0.0.30/"), check=False) == "open 10.0.0.31")
    assert stranger.run(*asked("http://10.0.0.30:90/", 1), check=False) == ""
    until(lambda: friend.reaches("10.0.0.30"))
    assert not stranger.reaches("10.0.0.30")
    assert not walled.reaches("10.0.0.31"), "the group has no rule for what goes out"
    shut = msgspec.structs.replace(doors, rules=[])
    cloud.topology.apply(shut, 2)
    until(lambda: not friend.reaches("10.0.0.30"))


def test_only_its_own_addresses_pass(cloud: Cloud, guests: Boot) -> None:
    port = cloud.port(33)
    guest, other = guests(port), guests(cloud.port(34))
    guest.dhcp()
    other.dhcp()
    until(lambda: guest.reaches("10.0.0.34"))
    guest.run("ip", "address", "add", "10.0.0.77/24", "dev", "eth0")
    assert not answers("ip", "netns", "exec", guest.namespace, *ping("10.0.0.34")[:-1], "-I", "10.0.0.77", "10.0.0.34")
    paired = msgspec.structs.replace(port, address_pairs=[AddressPair("10.0.0.77")])
    cloud.topology.apply(paired, 2)
    question = ("ip", "netns", "exec", guest.namespace, *ping("10.0.0.34")[:-1], "-I", "10.0.0.77", "10.0.0.34")
    until(lambda: answers(*question))


def test_the_host_does_not_answer_on_a_guests_wire(cloud: Cloud, guests: Boot) -> None:
    """The tap is also a device of the host, whose own stack would answer ARP requests for its addresses there."""
    guest = guests(cloud.port(35))
    guest.dhcp()
    ask = ("ip", "netns", "exec", guest.namespace, "busybox", "arping", "-c", "2", "-w", "2", "-I", "eth0")
    assert answers(*ask, "10.0.0.1")
    assert not answers(*ask, f"{cloud.outside}.1")


def test_metadata_of_two_networks_with_the_same_addresses(cloud: Cloud, guests: Boot) -> None:
    twin = cloud.a_network()
    cloud.a_router(twin, f"{cloud.outside}.11")
    here, there = guests(cloud.port(40)), guests(cloud.port(40, network=twin))
    for network, text in ((cloud.network, "one"), (twin, "two")):
        cloud.serve_here(METADATA_ADDRESS, 80, text, cloud.wiring.served_networks()[network.id])
    for guest, text in ((here, "one"), (there, "two")):
        guest.dhcp()
        until(
            lambda guest=guest, text=text: (
                guest.run(*asked(f"http://{METADATA_ADDRESS}/"), check=False) == f"{text} 10.0.0.40"
            )
        )
    assert len(there.run(*asked(f"http://{METADATA_ADDRESS}/100000"))) > 100_000


def test_metadata_of_a_guest_without_ipv4(cloud: Cloud, guests: Boot) -> None:
    """A request to fe80::a9fe:a9fe from the address that port security always allows."""
    port = cloud.port(45)
    six = FixedAddress(subnet_id=cloud.network.subnets[1].id, address="fd00:7::f816:3eff:fe00:32d")
    port = msgspec.structs.replace(port, fixed_addresses=[six])
    guest = guests(port)
    namespace = cloud.wiring.served_networks()[cloud.network.id]
    metadata = MetadataServer()
    cloud.stack.callback(metadata.close)
    link = {"id": "tap", "ethernet_mac_address": port.mac}
    told = {"links": [link], "networks": [{"link": "tap", "network_id": cloud.network.id}], "services": []}
    server_id = randomness.new_uuid()
    about = msgspec.structs.replace(guest_metadata(server_id), addresses=[], network_data=told)
    metadata.publish(server_id, about)
    metadata.listen(cloud.network.id, namespace)
    question = asked(f"http://[{METADATA_ADDRESS_V6}%eth0]/openstack/latest/meta_data.json")
    until(lambda: server_id in guest.run(*question, check=False))


@pytest.mark.parametrize(
    "name", ["ovn-controller", "ovn-northd", "ovn-northbound", "ovn-southbound", "ovs-database", "ovs-vswitchd"]
)
def test_a_daemon_that_dies_is_missed_by_nobody(cloud: Cloud, guests: Boot, name: str) -> None:
    one, two = guests(cloud.port(41)), guests(cloud.port(42))
    one.dhcp()
    two.dhcp()
    until(lambda: one.reaches("10.0.0.42"))
    cloud.ovn.kill(name)
    cloud.ovn.start(name)
    until(lambda: one.reaches("10.0.0.42"))
    late = cloud.port(43)
    until(lambda: applies(cloud, late))
    guest = guests(late)
    guest.dhcp()
    until(lambda: guest.reaches("10.0.0.41"))
    until(lambda: guest.reaches(f"{cloud.outside}.1"))


def test_a_card_plugged_anew_while_the_switch_hears_nothing_works(cloud: Cloud, guests: Boot) -> None:
    """As when a server is rebooted while the switch waits for its database: it sees one device of the same name."""
    neighbour, port = guests(cloud.port(44)), cloud.port(45)
    neighbour.dhcp()
    cloud.topology.apply(port, 1)
    cloud.stack.callback(cloud.topology.remove, PortSpec, port.id, 9)
    cloud.stack.callback(cloud.wiring.unplug, FENCE, port.id)

    def plug() -> Guest:
        return Guest(cloud.wiring.plug(FENCE, port.id, port.mac, 1442), port.mac, cloud.folder)

    first = plug()
    until(lambda: cloud.topology.port_states()[port.id])
    first.dhcp()
    with cloud.ovn.stopped("ovs-vswitchd"):
        first.close()
        cloud.wiring.unplug(FENCE, port.id)
        again = plug()
        cloud.stack.callback(again.close)
    again.dhcp()
    until(lambda: again.reaches("10.0.0.44"))


def applies(cloud: Cloud, port: PortSpec) -> bool:
    try:
        cloud.topology.apply(port, 1)
    except Exception:
        return False
    return True
