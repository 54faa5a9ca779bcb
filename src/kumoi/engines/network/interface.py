"""Virtual networks, as the network service uses them, and the plugs of one host into them."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import ClassVar, Literal, Protocol

import msgspec

from kumoi.kernel.errors import EngineRefused, EngineSilent
from kumoi.kernel.fences import Fence

METADATA_ADDRESS = "169.254.169.254"
METADATA_ADDRESS_V6 = "fe80::a9fe:a9fe"
"""The same for guests without IPv4. They send from the link-local address of their card's MAC."""
PHYSICAL_NETWORK = "external"
"""The one physical network that every host maps: the world behind `Settings.external_cidr`."""

Direction = Literal["ingress", "egress"]
EtherType = Literal["IPv4", "IPv6"]
Ipv6Mode = Literal["slaac", "dhcpv6-stateful", "dhcpv6-stateless"]


class NetworkError(EngineRefused):
    """The networks could not reach the requested state. The text is for the person who made the request."""


class NotThere(NetworkError):
    """A resource that this one needs (a port's network, a floating IP's router) was not applied yet. Apply it first."""


class Silent(NetworkError, EngineSilent):
    """A program that the networks need does not answer at the moment. A retry may succeed."""

    told = "the network does not answer"


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The specification of one resource of a Topology. Each subclass is a kind of resource."""

    resource: ClassVar[str]
    """Its name in the topology. It stays when the class is renamed."""
    id: str

    def needs(self) -> "list[tuple[type[Content], str]]":
        """The resources that must be applied before this one: (kind, id)."""
        return []


def kinds() -> "tuple[type[Content], ...]":
    """Every kind of resource."""
    return tuple(Content.__subclasses__())


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
    """The metadata port's IPv4 address in this subnet. Guests get a route to 169.254.169.254 through it."""


class NetworkSpec(Content, frozen=True, kw_only=True):
    """A network with its subnets. They are applied together, as one revision."""

    resource: ClassVar[str] = "network"
    name: str = ""
    mtu: int = 1442
    external: bool = False
    physical_network: str | None = None
    """Not None: the network is connected to the outside through this mapping of each host (`PHYSICAL_NETWORK`)."""
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
    """Additional addresses that the port may use."""

    address: str
    """An address or a CIDR."""
    mac: str | None = None
    """None: the MAC of the port."""


class DhcpOption(msgspec.Struct, frozen=True):
    name: str
    """A name as in Neutron's extra_dhcp_opts (`mtu`, `bootfile-name`, …) or a number. Unknown names are ignored."""
    value: str
    ip_version: Literal[4, 6] = 4


class PortSpec(Content, frozen=True, kw_only=True):
    """A port of a guest or of metadata. Ports of routers (interfaces, gateways) are part of RouterSpec, and those of
    floating IPs part of FloatingIpSpec. These are never applied as a PortSpec."""

    resource: ClassVar[str] = "port"
    network_id: str
    mac: str
    name: str = ""
    kind: PortKind = PortKind.VIF
    fixed_addresses: list[FixedAddress] = []
    admin_state_up: bool = True
    port_security: bool = True
    """False: any source address, no security groups."""
    security_groups: list[str] = []
    """Ids. A group that is not applied yet counts as a group without rules. An empty list with port_security lets only DHCP
    pass."""
    address_pairs: list[AddressPair] = []
    dhcp_options: list[DhcpOption] = []
    host: str | None = None
    """The host on which the port is plugged (`Settings.host_name`); None: any."""

    def needs(self) -> list[tuple[type[Content], str]]:
        return [(NetworkSpec, self.network_id)]


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


class RouterSpec(Content, frozen=True, kw_only=True):
    resource: ClassVar[str] = "router"
    name: str = ""
    admin_state_up: bool = True
    interfaces: list[RouterInterface] = []
    gateway: RouterGateway | None = None
    routes: list[Route] = []

    def needs(self) -> list[tuple[type[Content], str]]:
        on = [interface.network_id for interface in self.interfaces]
        return [(NetworkSpec, id) for id in on + ([self.gateway.network_id] if self.gateway else [])]


class FloatingIpSpec(Content, frozen=True, kw_only=True):
    """An associated floating IP. One without an association is not part of the topology."""

    resource: ClassVar[str] = "floating_ip"
    address: str
    mac: str
    """The MAC of the floating IP's own port on the external network; used when distributed."""
    router_id: str
    """The router whose gateway is on the floating IP's network."""
    port_id: str
    fixed_address: str
    distributed: bool = False
    """True: translated on the guest's host; False: on the host that holds the router's gateway."""

    def needs(self) -> list[tuple[type[Content], str]]:
        return [(RouterSpec, self.router_id)]


class SecurityRule(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    direction: Direction
    ethertype: EtherType
    protocol: str | None = None
    """`tcp`, `udp`, `icmp`, `icmpv6`, … or an IP protocol number in digits; None: any."""
    port_min: int | None = None
    """For ICMP: the type."""
    port_max: int | None = None
    """For ICMP: the code."""
    remote_prefix: str | None = None
    remote_group_id: str | None = None


class SecurityGroupSpec(Content, frozen=True, kw_only=True):
    resource: ClassVar[str] = "security_group"
    name: str = ""
    stateful: bool = True
    rules: list[SecurityRule] = []


Inventory = Mapping[type[Content], Mapping[str, int]]
"""Kind → id → the revision that was applied. Ports of routers belong to their router."""


class Topology(Protocol):
    """The virtual networks of the whole cloud, as desired state.

    Every call is idempotent and atomic. `revision` grows with each change of the resource. A call with an older revision than
    the topology has raises `kumoi.kernel.fences.Stale` and changes nothing; one with the same revision repairs. The topology
    remembers the revision of a removed resource for a while, so that a late `apply` cannot recreate it. Every other failure
    is a NetworkError. Each call ends within about ten seconds.
    """

    def apply(self, content: Content, revision: int) -> None:
        """NotThere if something that it needs was not applied. What the specification does not hold any more (a network's
        subnet, a router's interface) is removed. A router keeps its floating IPs. A group's members follow from the
        ports."""

    def apply_all(self, contents: Sequence[tuple[Content, int]]) -> None:
        """Apply many (content, revision) in one transaction."""

    def remove(self, kind: type[Content], id: str, revision: int) -> None:
        """NetworkError while a network has ports or routers. A router takes its floating IPs with it."""

    def port_states(self) -> dict[str, bool]:
        """Port id → whether the port is plugged on its host and its flows are installed, for ports of guests."""

    def watch(self, callback: Callable[[str, bool], None]) -> None:
        """Call `callback(port id, up)` at each later change, from another thread. The callback must not block."""

    def inventory(self) -> Inventory:
        """Each kind is in it."""

    def differing(self, wanted: Sequence[Content]) -> list[str]:
        """The ids of the specifications that differ from the topology or are missing in it."""

    def close(self) -> None:
        """Close the connection. The networks continue to work."""


class ServedNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """The metadata port of a network, which this host serves in a network namespace."""

    network_id: str
    port_id: str
    mac: str
    mtu: int
    addresses: list[str]
    """The metadata port's, with prefix length: `10.0.0.2/24`."""


class Translations(msgspec.Struct, frozen=True, kw_only=True):
    """The meaning of every outer address of the cloud."""

    floating: dict[str, str]
    """Address of a floating IP → its fixed address."""
    shared: list[str]
    """Addresses of routers, which whole networks share for outgoing traffic."""


class WiringInventory(msgspec.Struct, frozen=True, kw_only=True):
    ports: list[str]
    networks: list[str]
    strays: list[str]
    """Devices and namespaces of this cloud that belong to none of these ports and networks."""


class Wiring(Protocol):
    """The plugs of one host into the topology. Every call is idempotent and, except in the fake, needs root."""

    def plug(self, fence: Fence, port_id: str, mac: str, mtu: int) -> str:
        """Connect a persistent tap for the guest's network card to the port and return its name. The user `kumoi-guest`
        may open it. A tap without its bridge is connected again."""

    def unplug(self, fence: Fence, port_id: str) -> None: ...

    def plugged(self) -> list[str]:
        """Port ids."""

    def serve_network(self, fence: Fence, network: ServedNetwork) -> str:
        """Create a network namespace with the network's metadata port and return its name. Its only addresses are
        169.254.169.254/32 and, if the kernel has IPv6, fe80::a9fe:a9fe/128, so a listener in it receives only requests
        of this network."""

    def unserve_network(self, fence: Fence, network_id: str) -> None: ...

    def served_networks(self) -> dict[str, str]:
        """Network id → namespace name (`/run/netns/<name>`)."""

    def end_connections(self, kept: Translations) -> int:
        """End the connections on this host whose translation differs from `kept`. Returns the number of (outer, inner)
        address pairs that had some. Otherwise the switch would keep the old translation as long as packets arrive. A
        connection that is ended by mistake continues: its next packet is translated again."""

    def inventory(self) -> WiringInventory: ...
