"""Chooses addresses for ports: the requested ones, otherwise one per IP version, and those that are derived from the
MAC."""

import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kumoi.kernel import ip
from kumoi.kernel.database import Transaction
from kumoi.services.network.addresses import store
from kumoi.services.network.addresses.errors import (
    InvalidIpForNetwork,
    InvalidIpForSubnet,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    IpAddressGenerationFailureForSubnet,
)
from kumoi.services.network.addresses.store import Given
from kumoi.services.network.errors import InvalidInput
from kumoi.services.network.subnet_rows.models import AUTOMATIC, SubnetRow

DRAWS = 12
"""Random addresses that are checked with one query."""
COUNTABLE = 1 << 17
"""Pools up to this size are searched completely if random addresses find nothing. Larger pools never get that full."""
WINDOW = 256
MOST_PER_PORT = 50


@dataclass(frozen=True)
class Wish:
    """One entry of fixed_ips in a request."""

    subnet_id: str | None = None
    address: str | None = None


def choose(
    tx: Transaction,
    network_id: str,
    subnets: Sequence[SubnetRow],
    mac: str,
    wishes: Sequence[Wish] | None,
    *,
    held: Sequence[Given] = (),
    device_owner: str = "",
) -> list[Given]:
    """All addresses of the port. `wishes` None: the network's default. `held`: its current addresses."""
    service = device_owner.startswith("network:")
    usable = _for_owner(subnets, device_owner)
    if wishes is None:
        return _by_itself(tx, network_id, usable, mac, service)
    if len(wishes) > MOST_PER_PORT:
        raise InvalidInput(f"fixed_ips: Exceeded maximum amount of fixed ips per port: {MOST_PER_PORT}")
    wanted: list[Given] = []
    for wish in wishes:
        given = _wished(tx, subnets, mac, wish, wanted, held, service)
        if given in wanted:
            raise InvalidInput(f"fixed_ips: Duplicate IP address '{given[1]}'")
        wanted.append(given)
    if wanted and not service:
        # Guests take the address of a subnet with automatic addresses, whether it was requested or not.
        for subnet in usable:
            if is_automatic(subnet) and all(subnet_id != subnet["id"] for subnet_id, _ in wanted):
                wanted.append((subnet["id"], from_mac(subnet["cidr"], mac)))
    _must_be_free(tx, [pair for pair in wanted if pair not in held])
    return wanted


def _by_itself(tx: Transaction, network_id: str, subnets: Sequence[SubnetRow], mac: str, service: bool) -> list[Given]:
    wanted: list[Given] = []
    for version in (4, 6):
        choices = [s for s in subnets if s["ip_version"] == version and not is_automatic(s)]
        if not choices:
            continue
        found = next(((s["id"], address) for s in choices if (address := free_address(tx, s)) is not None), None)
        if found is None:
            raise IpAddressGenerationFailure(network_id)
        wanted.append(found)
    if not service:
        wanted += [(s["id"], from_mac(s["cidr"], mac)) for s in subnets if is_automatic(s)]
    return wanted


def _wished(
    tx: Transaction,
    subnets: Sequence[SubnetRow],
    mac: str,
    wish: Wish,
    wanted: Sequence[Given],
    held: Sequence[Given],
    service: bool,
) -> Given:
    if wish.address is None and wish.subnet_id is None:
        raise InvalidInput("fixed_ips: IP allocation requires subnet_id or ip_address")
    address = None if wish.address is None else _address(wish.address)
    if wish.subnet_id is None:
        assert address is not None
        subnet = next((s for s in subnets if address in ipaddress.ip_network(s["cidr"])), None)
        if subnet is None:
            raise InvalidIpForNetwork(str(address))
    else:
        subnet = next((s for s in subnets if s["id"] == wish.subnet_id), None)
        if subnet is None:
            raise InvalidInput(
                f"fixed_ips: Failed to create port on network: the requested subnet_id {wish.subnet_id} is not on it"
            )
    automatic = is_automatic(subnet) and not service
    if address is not None:
        return subnet["id"], _fits(subnet, address, mac, automatic, held)
    kept = next((pair for pair in held if pair[0] == subnet["id"] and pair not in wanted), None)
    if kept is not None:
        return kept
    if automatic:
        return subnet["id"], from_mac(subnet["cidr"], mac)
    free = free_address(tx, subnet, {given for subnet_id, given in wanted if subnet_id == subnet["id"]})
    if free is None:
        raise IpAddressGenerationFailureForSubnet(subnet["id"])
    return subnet["id"], free


def _fits(
    subnet: SubnetRow,
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    mac: str,
    automatic: bool,
    held: Sequence[Given],
) -> str:
    """The normalized address, if a port may have it in this subnet."""
    text = str(address)
    network = ipaddress.ip_network(subnet["cidr"])
    edge = address == network.network_address and network.prefixlen < network.max_prefixlen - 1
    edge = edge or (network.version == 4 and network.prefixlen < 31 and address == network.broadcast_address)
    if address not in network or edge:
        raise InvalidIpForSubnet(text)
    if automatic and text != from_mac(subnet["cidr"], mac) and (subnet["id"], text) not in held:
        raise InvalidInput(
            f"fixed_ips: IPv6 address {text} can not be directly assigned to a port on subnet {subnet['id']} since the "
            "subnet is configured for automatic addresses"
        )
    return text


def _must_be_free(tx: Transaction, wanted: Sequence[Given]) -> None:
    by_subnet: dict[str, list[str]] = {}
    for subnet_id, address in wanted:
        by_subnet.setdefault(subnet_id, []).append(address)
    for subnet_id, addresses in by_subnet.items():
        for address in store.taken(tx, subnet_id, addresses):
            raise IpAddressAlreadyAllocated(subnet_id, address)


def _for_owner(subnets: Sequence[SubnetRow], device_owner: str) -> list[SubnetRow]:
    """Subnets for this kind of port: those with its service type, or those without one."""
    own = [s for s in subnets if device_owner and device_owner in (s["service_types"] or ())]
    return own or [s for s in subnets if not s["service_types"]]


class Pool:
    """A subnet's allocation pools as one numbered row of addresses."""

    def __init__(self, subnet: SubnetRow) -> None:
        self.family = ipaddress.IPv4Address if subnet["ip_version"] == 4 else ipaddress.IPv6Address
        ends = [(int(self.family(pool["start"])), int(self.family(pool["end"]))) for pool in subnet["allocation_pools"]]
        self.parts = [(start, end - start + 1) for start, end in ends]
        self.size = sum(size for _, size in self.parts)

    def at(self, place: int) -> str:
        for start, size in self.parts:
            if place < size:
                return str(self.family(start + place))
            place -= size
        raise IndexError(place)


def free_address(tx: Transaction, subnet: SubnetRow, besides: Collection[str] = ()) -> str | None:
    """A free address of the pools that is not in `besides`; None if there is none.

    It is chosen at random, so that concurrent requests rarely choose the same address, and a released address is not
    reused soon.
    """
    pool = Pool(subnet)
    if pool.size <= 0:
        return None
    for _ in range(2 if pool.size <= COUNTABLE else DRAWS):
        drawn = [pool.at(int(tx.new_hex(), 16) % pool.size) for _ in range(DRAWS)]
        used = store.taken(tx, subnet["id"], drawn)
        for address in drawn:
            if address not in used and address not in besides:
                return address
    if pool.size > COUNTABLE:
        return None
    used = store.taken(tx, subnet["id"])
    free = [one for one in map(pool.at, range(pool.size)) if one not in used and one not in besides]
    return free[int(tx.new_hex(), 16) % len(free)] if free else None


def first_address(tx: Transaction, subnet: SubnetRow) -> str | None:
    """The first free address of the pools, for the service's own ports. Users rarely choose these addresses."""
    pool = Pool(subnet)
    for begin in range(0, min(pool.size, COUNTABLE), WINDOW):
        window = [pool.at(place) for place in range(begin, min(begin + WINDOW, pool.size))]
        used = store.taken(tx, subnet["id"], window)
        for address in window:
            if address not in used:
                return address
    return None


def is_automatic(subnet: SubnetRow) -> bool:
    return subnet["ip_version"] == 6 and subnet["ipv6_address_mode"] in AUTOMATIC


def from_mac(cidr: str, mac: str) -> str:
    """The address that a guest derives by SLAAC: the prefix and the modified EUI-64 of its MAC."""
    octets = [int(part, 16) for part in mac.split(":")]
    identifier = [octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]]
    return str(ipaddress.IPv6Network(cidr).network_address + int.from_bytes(bytes(identifier), "big"))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ip.address(text)
    except ValueError:
        raise InvalidInput(f"fixed_ips: '{text[:64]}' is not a valid IP address") from None
