"""What the network service asks of virtual networks, and a host's agent of the plugs into them."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Literal, Protocol

import msgspec

from kumoi.kernel.errors import EngineRefused, EngineSilent
from kumoi.kernel.fences import Fence

METADATA_ADDRESS = "169.254.169.254"
METADATA_ADDRESS_V6 = "fe80::a9fe:a9fe"
"""The same for guests without IPv4; they ask from the link-local address that follows from their card's."""
PHYSICAL_NETWORK = "external"
"""The one physical network that every host maps: the world behind `Settings.external_cidr`."""

Direction = Literal["ingress", "egress"]
EtherType = Literal["IPv4", "IPv6"]
Ipv6Mode = Literal["slaac", "dhcpv6-stateful", "dhcpv6-stateless"]


class NetworkError(EngineRefused):
    """The networks could not be brought where they should be; the text is for the person who asked."""


class NotThere(NetworkError):
    """What this stands on (a port's network, a floating IP's router) was not applied yet: apply that first."""


class Silent(NetworkError, EngineSilent):
    """A program that the networks stand on does not answer just now: asked again, it may."""

    told = "the network does not answer"


class HostRoute(msgspec.Struct, frozen=True):
    destination: str
    """A CIDR."""
    nexthop: str


class SubnetSpec(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    cidr: str
    gateway: str | None = None
    enable_dhcp: bool = True
    dns_servers: list[str] = []
    host_routes: list[HostRoute] = []
    ipv6_ra_mode: Ipv6Mode | None = None
    ipv6_address_mode: Ipv6Mode | None = None
    metadata_address: str | None = None
    """The metadata port's address here (IPv4): guests are told a route to 169.254.169.254 through it."""


class NetworkSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A network with its subnets: applied together, as one revision."""

    id: str
    name: str = ""
    mtu: int = 1442
    external: bool = False
    physical_network: str | None = None
    """Not None: the network reaches the world outside through this mapping of each host (`PHYSICAL_NETWORK`)."""
    vlan: int | None = None
    """Tag on the physical network."""
    dns_domain: str = ""
    subnets: list[SubnetSpec] = []


class PortKind(StrEnum):
    VIF = "vif"
    """A guest's network card, plugged on one host."""
    LOCALPORT = "localport"
    """The network's metadata port (device_owner `network:distributed`): on every host, never crosses tunnels."""


class FixedAddress(msgspec.Struct, frozen=True):
    subnet_id: str
    address: str


class AddressPair(msgspec.Struct, frozen=True):
    """Traffic that the port may send and receive beside its own addresses."""

    address: str
    """An address or a CIDR."""
    mac: str | None = None
    """None: the port's own."""


class DhcpOption(msgspec.Struct, frozen=True):
    name: str
    """As in Neutron's extra_dhcp_opts (`mtu`, `bootfile-name`, …) or a number; unknown ones are ignored."""
    value: str
    ip_version: Literal[4, 6] = 4


class PortSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A port of a guest or of metadata. Ports of routers (interfaces, gateways) are in RouterSpec, those of
    floating IPs in FloatingIpSpec: neither is ever applied as a PortSpec."""

    id: str
    network_id: str
    mac: str
    name: str = ""
    kind: PortKind = PortKind.VIF
    fixed_addresses: list[FixedAddress] = []
    admin_state_up: bool = True
    port_security: bool = True
    """False: any source address, no security groups."""
    security_groups: list[str] = []
    """Ids. One not applied yet counts as a group without rules. None, with port_security: only DHCP passes."""
    address_pairs: list[AddressPair] = []
    dhcp_options: list[DhcpOption] = []
    host: str | None = None
    """The host whose plug counts (`Settings.host_name`); None: any."""


class RouterAddress(msgspec.Struct, frozen=True):
    address: str
    """With prefix length: `10.0.0.1/24`."""
    ra_mode: Ipv6Mode | None = None
    """The IPv6 subnet's ipv6_ra_mode; None: the router sends no advertisements there."""


class RouterInterface(msgspec.Struct, frozen=True, kw_only=True):
    """A router's port on a tenant network. One port may hold several IPv6 subnets."""

    port_id: str
    network_id: str
    mac: str
    mtu: int
    addresses: list[RouterAddress]


class RouterGateway(msgspec.Struct, frozen=True, kw_only=True):
    """A router's port on an external network."""

    port_id: str
    network_id: str
    mac: str
    mtu: int
    addresses: list[str]
    """With prefix length."""
    next_hops: list[str]
    """gateway_ip of the external subnets: default routes."""
    enable_snat: bool = True


class Route(msgspec.Struct, frozen=True):
    destination: str
    nexthop: str


class RouterSpec(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str = ""
    admin_state_up: bool = True
    interfaces: list[RouterInterface] = []
    gateway: RouterGateway | None = None
    routes: list[Route] = []


class FloatingIpSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An associated floating IP; one that is not associated is removed from the topology."""

    id: str
    address: str
    mac: str
    """Of the floating IP's own port on the external network; used when distributed."""
    router_id: str
    """The router whose gateway lies on the floating IP's network."""
    port_id: str
    fixed_address: str
    distributed: bool = False
    """True: translated on the guest's host; False: on the host that holds the router's gateway."""


class SecurityRule(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    direction: Direction
    ethertype: EtherType
    protocol: str | None = None
    """`tcp`, `udp`, `icmp`, `icmpv6`, … or an IP protocol number in digits; None: any."""
    port_min: int | None = None
    """For ICMP the type."""
    port_max: int | None = None
    """For ICMP the code."""
    remote_prefix: str | None = None
    remote_group_id: str | None = None


class SecurityGroupSpec(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str = ""
    stateful: bool = True
    rules: list[SecurityRule] = []


Content = NetworkSpec | PortSpec | RouterSpec | FloatingIpSpec | SecurityGroupSpec
"""What one call of a Topology applies."""


class TopologyInventory(msgspec.Struct, frozen=True, kw_only=True):
    """Every id that the topology holds, with the revision it was applied at."""

    networks: dict[str, int]
    ports: dict[str, int]
    """Guests' and metadata ports; routers' ports belong to their router."""
    routers: dict[str, int]
    floating_ips: dict[str, int]
    security_groups: dict[str, int]


class Topology(Protocol):
    """The virtual networks of the whole cloud, as desired state.

    Every call is idempotent, and whole or not at all. `revision` grows with each change of the resource:
    one older than the topology holds raises `kumoi.kernel.fences.Stale` and changes nothing; the same one
    repairs. A removed resource's revision is remembered for a while, so that a late `apply` cannot bring it
    back. Any other failure is a NetworkError. Each call ends within about ten seconds.
    """

    def apply_network(self, network: NetworkSpec, revision: int) -> None:
        """The network and its subnets; a subnet that is no longer in the list goes."""

    def remove_network(self, network_id: str, revision: int) -> None:
        """NetworkError while ports or routers hang on it."""

    def apply_port(self, port: PortSpec, revision: int) -> None: ...

    def apply_ports(self, ports: Sequence[tuple[PortSpec, int]]) -> None:
        """Many (port, revision) in one transaction: all or none."""

    def remove_port(self, port_id: str, revision: int) -> None: ...

    def apply_router(self, router: RouterSpec, revision: int) -> None:
        """The router with its interfaces, gateway, source NAT and routes. Floating IPs stay as they are."""

    def remove_router(self, router_id: str, revision: int) -> None:
        """With its interfaces, gateway and floating IPs."""

    def apply_floating_ip(self, floating_ip: FloatingIpSpec, revision: int) -> None: ...

    def remove_floating_ip(self, floating_ip_id: str, revision: int) -> None: ...

    def apply_security_group(self, group: SecurityGroupSpec, revision: int) -> None:
        """The group with all its rules; members come with their ports."""

    def remove_security_group(self, group_id: str, revision: int) -> None: ...

    def port_states(self) -> dict[str, bool]:
        """Guests' ports: is it plugged on its host and are its flows in place?"""

    def watch(self, callback: Callable[[str, bool], None]) -> None:
        """Call `callback(port id, up)` at each change from now on, from another thread; it must not block."""

    def inventory(self) -> TopologyInventory: ...

    def differing(self, wanted: Sequence[Content]) -> list[str]:
        """The ids of those that applying would change, revisions aside: what is held otherwise, or not at all."""

    def close(self) -> None:
        """Let go of the connection; networks stay."""


class ServedNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A network whose metadata this host answers: its metadata port, as a namespace of this host holds it."""

    network_id: str
    port_id: str
    mac: str
    mtu: int
    addresses: list[str]
    """The metadata port's, with prefix length: `10.0.0.2/24`."""


class Translations(msgspec.Struct, frozen=True, kw_only=True):
    """What every outer address of the cloud stands for."""

    floating: dict[str, str]
    """A floating IP's address → the fixed address that it leads to."""
    shared: list[str]
    """Routers' own: whole networks go out behind them."""


class WiringInventory(msgspec.Struct, frozen=True, kw_only=True):
    ports: list[str]
    networks: list[str]
    strays: list[str]
    """Devices and namespaces of this cloud that belong to no port and no network above."""


class Wiring(Protocol):
    """The plugs of one host into the topology. Every call is idempotent and needs root (but the fake's)."""

    def plug(self, fence: Fence, port_id: str, mac: str, mtu: int) -> str:
        """The name of a persistent tap for the guest's network card, connected to the port; the user
        `kumoi-guest` may open it. One whose bridge end was lost is connected again."""

    def unplug(self, fence: Fence, port_id: str) -> None: ...

    def plugged(self) -> list[str]:
        """Port ids."""

    def serve_network(self, fence: Fence, network: ServedNetwork) -> str:
        """The name of a network namespace that holds the network's metadata port with 169.254.169.254/32 and, where
        the kernel has IPv6, fe80::a9fe:a9fe/128, and nothing else: what listens in it hears this network only."""

    def unserve_network(self, fence: Fence, network_id: str) -> None: ...

    def served_networks(self) -> dict[str, str]:
        """Network id → namespace name (`/run/netns/<name>`)."""

    def end_connections(self, kept: Translations) -> int:
        """End the connections that pass this host through an outer address which leads elsewhere by now, or nowhere;
        of how many pairs of outer and inner address. The switch translates what is under way as it did at first, for as
        long as packets come. A connection ended too early goes on: its next packet is translated anew."""

    def inventory(self) -> WiringInventory: ...
