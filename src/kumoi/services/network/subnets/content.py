"""Checks the addresses in a subnet's body, without reading tables."""

import ipaddress
import itertools
from collections.abc import Sequence
from typing import Any

from kumoi.kernel import ip
from kumoi.services.network.errors import InvalidInput
from kumoi.services.network.subnet_rows.models import AUTOMATIC
from kumoi.services.network.subnets.errors import (
    GatewayConflictWithAllocationPools,
    InvalidAllocationPool,
    OutOfBoundsAllocationPool,
    OverlappingAllocationPools,
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def network(text: str, version: int) -> Network:
    try:
        found = ip.network(text)
    except ValueError:
        raise InvalidInput(f"cidr: '{text[:64]}' is not a valid IP subnet") from None
    if "/" not in text:
        raise InvalidInput(f"cidr: '{text}' isn't a recognized IP subnet cidr, '{found}' is recommended")
    if found.version != version:
        raise InvalidInput(f"cidr: '{text}' does not match the ip_version '{version}'")
    if found.prefixlen == 0:
        raise InvalidInput("cidr: 0 is not allowed as CIDR prefix length")
    if found.is_multicast or found.is_loopback:
        raise InvalidInput(f"cidr: {text} is a multicast or loopback subnet")
    return found


def must_fit_modes(cidr: Network, enable_dhcp: bool, ra_mode: str | None, address_mode: str | None) -> None:
    """IPv6 modes belong to IPv6 and DHCP, agree, and automatic addresses need 64 bits; IPv4 DHCP needs room."""
    if cidr.version == 4:
        for name, mode in (("ipv6_ra_mode", ra_mode), ("ipv6_address_mode", address_mode)):
            if mode is not None:
                raise InvalidInput(f"{name} is not valid when ip_version is 4")
    elif ra_mode or address_mode:
        if not enable_dhcp:
            raise InvalidInput("ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False")
        if ra_mode and address_mode and ra_mode != address_mode:
            raise InvalidInput(
                f"ipv6_ra_mode set to '{ra_mode}' with ipv6_address_mode set to '{address_mode}' is not valid. If both "
                "attributes are set, they must be the same value"
            )
        if {ra_mode, address_mode} & set(AUTOMATIC) and cidr.prefixlen != 64:
            raise InvalidInput(
                f"cidr: Invalid CIDR {cidr} for IPv6 address mode. OpenStack uses the EUI-64 address format, which "
                "requires the prefix to be /64"
            )
    if enable_dhcp and cidr.version == 4 and cidr.prefixlen > 30:
        raise InvalidInput("enable_dhcp: Subnet has a prefix length that is incompatible with DHCP service enabled")


def first_address(cidr: Network) -> str | None:
    """The default gateway of a subnet."""
    if cidr.prefixlen == cidr.max_prefixlen:
        return None
    return str(cidr.network_address + (0 if cidr.version == 4 and cidr.prefixlen == 31 else 1))


def gateway(text: str, cidr: Network) -> str:
    found = address("gateway_ip", text, cidr.version)
    inside = found in cidr and not (cidr.version == 4 and cidr.prefixlen < 31 and found in (cidr[0], cidr[-1]))
    if not inside and not (cidr.version == 6 and found.is_link_local):
        raise InvalidInput(f"gateway_ip: Gateway {text} is not valid on subnet {cidr}")
    return str(found)


def default_pools(cidr: Network, gateway_ip: str | None) -> list[dict[str, str]]:
    """All addresses for ports, without the gateway's."""
    first, last = int(cidr.network_address), int(cidr.broadcast_address)
    if cidr.version == 4 and cidr.prefixlen < 31:
        first, last = first + 1, last - 1
    elif cidr.version == 6 and cidr.prefixlen < 127:
        first += 1
    parts = [(first, last)]
    if gateway_ip is not None:
        middle = int(ipaddress.ip_address(gateway_ip))
        if first <= middle <= last:
            parts = [(first, middle - 1), (middle + 1, last)]
    family = type(cidr.network_address)
    return [{"start": str(family(a)), "end": str(family(b))} for a, b in parts if a <= b]


def pools(asked: Sequence[Any], cidr: Network, gateway_ip: str | None) -> list[dict[str, str]]:
    """Sorted. They must be within the subnet, disjoint, and without the gateway."""
    found: list[tuple[Address, Address]] = []
    for pool in asked:
        written = f"{pool.start}-{pool.end}"
        start, end = (address("allocation_pools", text, cidr.version) for text in (pool.start, pool.end))
        if int(start) > int(end):
            raise InvalidAllocationPool(written)
        outside = start not in cidr or end not in cidr
        if cidr.version == 4 and cidr.prefixlen < 31:
            outside = outside or start == cidr[0] or end == cidr[-1]
        if outside:
            raise OutOfBoundsAllocationPool(written, str(cidr))
        found.append((start, end))
    found.sort(key=lambda pair: int(pair[0]))
    for one, other in itertools.pairwise(found):
        if int(other[0]) <= int(one[1]):
            raise OverlappingAllocationPools(f"{one[0]}-{one[1]}", f"{other[0]}-{other[1]}", str(cidr))
    written_pools = [{"start": str(start), "end": str(end)} for start, end in found]
    must_not_hold(written_pools, gateway_ip)
    return written_pools


def must_not_hold(found: Sequence[dict[str, str]], gateway_ip: str | None) -> None:
    """The pools must not contain the gateway's address."""
    if gateway_ip is None:
        return
    middle = int(ipaddress.ip_address(gateway_ip))
    for pool in found:
        if int(ipaddress.ip_address(pool["start"])) <= middle <= int(ipaddress.ip_address(pool["end"])):
            raise GatewayConflictWithAllocationPools(gateway_ip, f"{pool['start']}-{pool['end']}")


def nameservers(asked: Sequence[str]) -> list[str]:
    """As the client wrote them."""
    met: set[Address] = set()
    for text in asked:
        try:
            server = ip.address(text)
        except ValueError:
            raise InvalidInput(f"dns_nameservers: '{text[:64]}' is not a valid nameserver") from None
        if server in met:
            raise InvalidInput(f"dns_nameservers: Duplicate nameserver '{server}'")
        met.add(server)
    return list(asked)


def host_routes(asked: Sequence[Any], version: int) -> list[dict[str, str]]:
    """As the client wrote them."""
    met: set[tuple[Network, Address]] = set()
    found: list[dict[str, str]] = []
    for route in asked:
        try:
            destination = ip.network(route.destination)
        except ValueError:
            raise InvalidInput(f"host_routes: '{route.destination}' is not a valid IP subnet") from None
        if destination.version != version:
            raise InvalidInput(f"host_routes: '{route.destination}' does not match the ip_version '{version}'")
        hop = address("host_routes", route.nexthop, version)
        if (destination, hop) in met:
            raise InvalidInput(f"host_routes: Duplicate hostroute '{destination}'")
        met.add((destination, hop))
        found.append({"destination": route.destination, "nexthop": route.nexthop})
    return found


def address(field: str, text: str, version: int) -> Address:
    try:
        found = ip.address(text)
    except ValueError:
        raise InvalidInput(f"{field}: '{text[:64]}' is not a valid IP address") from None
    if found.version != version:
        raise InvalidInput(f"{field}: '{text}' does not match the ip_version '{version}'")
    return found
