"""Explains whether one port can reach another, from addresses, routers and security groups."""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.who import Who
from kumoi.services.network.addresses import store as addresses_store
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import ROUTER_INTERFACE, PortRow
from kumoi.services.network.ports import logic as ports_logic
from kumoi.services.network.security_group_rules import protocols
from kumoi.services.network.security_groups import store as security_groups_store
from kumoi.services.network.security_groups.models import SecurityGroupRow, SecurityGroupRuleRow

_WAYS = {"egress": "lets out", "ingress": "lets in"}


@dataclass(frozen=True)
class Reason:
    """`holds` None: it cannot be told. `ids`: of what it is about."""

    holds: bool | None
    text: str
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reachability:
    """Of a pair of addresses. `reachable` None: no single router connects their subnets, so it is not known."""

    reachable: bool | None
    addresses: tuple[str, str] | None
    reasons: list[Reason] = field(default_factory=list)


@dataclass(frozen=True)
class _End:
    port: PortRow
    is_known: bool
    """Whether the caller may see the groups of the port's project, and not only the port on a network of the caller's."""
    given: list[tuple[str, str]]
    """(subnet id, address)."""
    groups: list[SecurityGroupRow]
    rules: list[SecurityGroupRuleRow]


@dataclass(frozen=True)
class _Asked:
    protocol: str
    number: int | None
    port: int | None

    def __str__(self) -> str:
        return f"{self.protocol.upper()} {self.port}" if self.port is not None else self.protocol.upper()


def explain(tx: Transaction, who: Who, from_id: str, to_id: str, protocol: str, port: int | None) -> Reachability:
    """PortNotFound for a port that the caller may not see. The first pair of addresses that can, else the last."""
    ends = [_end(tx, who, ports_logic.find(tx, who, port_id)) for port_id in (from_id, to_id)]
    found: Reachability | None = None
    for one, other in _pairs(ends[0].given, ends[1].given):
        found = _explained(tx, ends[0], ends[1], one, other, protocol, port)
        if found.reachable:
            break
    if found is None:
        reason = Reason(False, "The ports have no addresses of the same IP version.", (from_id, to_id))
        return Reachability(False, None, [reason])
    return found


def _end(tx: Transaction, who: Who, row: PortRow) -> _End:
    ids = ports_store.groups_of(tx, [row["id"]]).get(row["id"], [])
    groups = security_groups_store.by_ids(tx, ids)
    rules = security_groups_store.rules_of(tx, ids)
    given = addresses_store.of_ports(tx, [row["id"]]).get(row["id"], [])
    pairs = [(subnet_id, address) for subnet_id, address in given]
    return _End(
        row,
        who.sees(row["project_id"]),
        pairs,
        [groups[id] for id in ids],
        [rule for id in ids for rule in rules.get(id, [])],
    )


def _pairs(
    ones: Sequence[tuple[str, str]], others: Sequence[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    for one in ones:
        for other in others:
            if (":" in one[1]) == (":" in other[1]):
                yield one, other


def _explained(
    tx: Transaction, source: _End, target: _End, one: tuple[str, str], other: tuple[str, str], protocol: str,
    port: int | None,
) -> Reachability:  # fmt: skip
    ethertype = "IPv6" if ":" in one[1] else "IPv4"
    try:
        number = protocols.number(protocol, ethertype)
    except ValueError:
        raise BadRequest(
            "Invalid input for query parameter protocol: it is a name or number of an IP protocol."
        ) from None
    if port is not None and number not in protocols.WITH_PORTS:
        raise BadRequest(f"Invalid input for query parameter port: {protocol} has no ports.")
    asked = _Asked(protocol, number, port)
    reasons = [*_is_up(source), *_is_up(target), _path(tx, source.port, target.port, one[0], other[0])]
    reasons.append(_secured(source, "egress", ethertype, asked, other[1], target))
    reasons.append(_secured(target, "ingress", ethertype, asked, one[1], source))
    held = [reason.holds for reason in reasons]
    return Reachability(False if False in held else None if None in held else True, (one[1], other[1]), reasons)


def _is_up(end: _End) -> Iterator[Reason]:
    port = end.port
    if not port["admin_state_up"]:
        yield Reason(False, f"The port {port['id']} is switched off.", (port["id"],))
    if not port["device_id"]:
        yield Reason(False, f"No device uses the port {port['id']}.", (port["id"],))


def _path(tx: Transaction, source: PortRow, target: PortRow, one: str, other: str) -> Reason:
    if source["network_id"] == target["network_id"]:
        return Reason(True, "Both ports are on one network.", (source["network_id"],))
    interfaces = ports_store.of_networks(tx, [source["network_id"], target["network_id"]], [ROUTER_INTERFACE])
    given = addresses_store.of_ports(tx, [port["id"] for port in interfaces])
    on: dict[str, set[str]] = {}
    for port in interfaces:
        on.setdefault(port["device_id"], set()).update(subnet_id for subnet_id, _ in given.get(port["id"], []))
    routers = sorted(router_id for router_id, subnets in on.items() if {one, other} <= subnets)
    if routers:
        return Reason(True, f"The router {routers[0]} connects their subnets.", (routers[0],))
    text = "No single router connects their subnets. Gateways, floating IPs and several routers in a row are not looked at."
    return Reason(None, text, (one, other))


def _secured(end: _End, direction: str, ethertype: str, asked: _Asked, address: str, peer: _End) -> Reason:
    """Whether a rule of the port's groups lets the traffic pass."""
    port_id, way = end.port["id"], _WAYS[direction]
    if not end.port["port_security_enabled"]:
        return Reason(True, f"The port {port_id} has no port security, so everything passes.", (port_id,))
    if not end.is_known:
        return Reason(None, f"The port {port_id} has security groups of another project.", (port_id,))
    peers = {group["id"] for group in peer.groups}
    for rule in end.rules:
        if (rule["direction"], rule["ethertype"]) == (direction, ethertype) and _matches(rule, asked, address, peers):
            group = next(group for group in end.groups if group["id"] == rule["security_group_id"])
            text = f"A rule of the group {group['name'] or group['id']} {way} {asked}{_whom(rule)}."
            return Reason(True, text, (rule["id"], group["id"]))
    names = ", ".join(group["name"] or group["id"] for group in end.groups)
    whence = f"to {address}" if direction == "egress" else f"from {address}"
    where = (
        f"No rule of the groups of port {port_id} ({names})"
        if names
        else f"The port {port_id} is in no group, so nothing"
    )
    return Reason(False, f"{where} {way} {asked} {whence}.", (port_id, *(group["id"] for group in end.groups)))


def _matches(rule: SecurityGroupRuleRow, asked: _Asked, address: str, peers: set[str]) -> bool:
    protocol = protocols.number(rule["protocol"], rule["ethertype"])
    if protocol is not None and protocol != asked.number:
        return False
    first, last = rule["port_range_min"], rule["port_range_max"]
    ports = None if first is None or last is None else range(first, last + 1)
    if protocol in protocols.WITH_PORTS and ports is not None and asked.port not in ports:
        return False
    if rule["remote_group_id"] is not None:
        return rule["remote_group_id"] in peers
    prefix = rule["remote_ip_prefix"]
    return prefix is None or ipaddress.ip_address(address) in ipaddress.ip_network(prefix, strict=False)


def _whom(rule: SecurityGroupRuleRow) -> str:
    word = "to" if rule["direction"] == "egress" else "from"
    if rule["remote_group_id"] is not None:
        return f" {word} the group {rule['remote_group_id']}"
    return f" {word} {rule['remote_ip_prefix'] or 'anywhere'}"
