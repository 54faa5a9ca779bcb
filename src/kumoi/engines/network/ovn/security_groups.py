"""Security groups as port groups with stateful ACLs, above one group that drops everything else."""

import ipaddress

from kumoi.engines.network.interface import SecurityGroupSpec, SecurityRule
from kumoi.engines.network.ovn.rows import Rendering, Row, Rows, row_id

KIND = "security_group"
GROUP = "Port_Group"
ACL = "ACL"
DROP = "kumoi_drop"

_NUMBERS = {
    "ah": 51,
    "dccp": 33,
    "egp": 8,
    "esp": 50,
    "gre": 47,
    "igmp": 2,
    "ipip": 4,
    "ipv6-encap": 41,
    "ipv6-frag": 44,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ipv6-route": 43,
    "ospf": 89,
    "pgm": 113,
    "rsvp": 46,
    "udplite": 136,
    "vrrp": 112,
}
_ICMP = {"icmp", "icmpv6", "ipv6-icmp", "1", "58"}
_WITH_PORTS = {"tcp": "tcp", "6": "tcp", "udp": "udp", "17": "udp", "sctp": "sctp", "132": "sctp"}


def apply(rows: Rows, group: SecurityGroupSpec, revision: int) -> None:
    rows.admit(KIND, group.id, revision)
    row = port_group(rows, group.id)
    action = "allow-related" if group.stateful else "allow-stateless"
    # OVN refuses a duplicate flow, and rules with different ids may have the same match.
    rules = [rule for rule in group.rules if expressible(rule)]
    matches = {match(group.id, rule): rule for rule in sorted(rules, key=lambda rule: rule.id, reverse=True)}
    acls = [
        rows.put(
            ACL,
            row_id("rule", group.id, rule.id),
            direction="to-lport" if rule.direction == "ingress" else "from-lport",
            priority=1002,
            match=text,
            action=action,
            external_ids={"kumoi:kind": "rule", "kumoi:id": rule.id},
        )
        for text, rule in matches.items()
    ]
    rows.put(GROUP, row.uuid, acls=acls, external_ids=rows.stamp(KIND, group.id, revision, name=group.name))


def remove(rows: Rows, group_id: str, revision: int) -> None:
    rows.admit(KIND, group_id, revision, removed=True)
    row = find(rows, group_id)
    if row is not None:
        row.delete()


def find(rows: Rows, group_id: str) -> Row | None:
    return rows.find(GROUP, row_id(KIND, group_id))


def port_group(rows: Rows, group_id: str) -> Row:
    """The group's row. It is created empty if the group was not applied yet."""
    row = find(rows, group_id)
    if row is None:
        row = rows.put(GROUP, row_id(KIND, group_id), name=_name(group_id), external_ids=rows.stamp(KIND, group_id, 0))
    return row


def drop_group(rows: Rows) -> Row:
    """The group of every port with port security. It drops traffic that no rule allows, except address requests."""
    rules = [
        ("from-lport", 1001, f"inport == @{DROP} && ip", "drop"),
        ("to-lport", 1001, f"outport == @{DROP} && ip", "drop"),
        ("from-lport", 1002, f"inport == @{DROP} && ip4 && udp.src == 68 && udp.dst == 67", "allow"),
        ("from-lport", 1002, f"inport == @{DROP} && ip6 && udp.src == 546 && udp.dst == 547", "allow"),
        ("from-lport", 1002, f"inport == @{DROP} && (nd || nd_rs || mldv1 || mldv2)", "allow"),
        ("to-lport", 1002, f"outport == @{DROP} && (nd || nd_ra || mldv1 || mldv2)", "allow"),
    ]
    acls = [
        rows.put(
            ACL,
            row_id("drop", direction, text),
            direction=direction,
            priority=priority,
            match=text,
            action=action,
            external_ids={"kumoi:kind": "drop"},
        )
        for direction, priority, text, action in rules
    ]
    return rows.put(GROUP, row_id("drop"), name=DROP, acls=acls, external_ids={"kumoi:kind": "drop"})


def expressible(rule: SecurityRule) -> bool:
    """False for ports of DCCP and UDP-Lite, which OVN cannot compare. Such a rule allows nothing, because without its
    ports it would allow more than it says."""
    protocol = (rule.protocol or "any").lower()
    if protocol in _ICMP or protocol.lstrip("0") in _ICMP | _WITH_PORTS.keys():
        return True
    return rule.port_min is None and rule.port_max is None


def match(group_id: str, rule: SecurityRule) -> str:
    """A rule in OVN's language."""
    ingress = rule.direction == "ingress"
    version = "4" if rule.ethertype == "IPv4" else "6"
    side = f"ip{version}.{'src' if ingress else 'dst'}"
    terms = [f"{'outport' if ingress else 'inport'} == @{_name(group_id)}", f"ip{version}"]
    if rule.remote_prefix is not None:
        prefix = ipaddress.ip_network(rule.remote_prefix, strict=False)
        if prefix.prefixlen:
            terms.append(f"{side} == {prefix}")
    if rule.remote_group_id is not None:
        terms.append(f"{side} == ${_name(rule.remote_group_id)}_ip{version}")
    return " && ".join(terms + _protocol(rule, version))


def _protocol(rule: SecurityRule, version: str) -> list[str]:
    protocol = None if rule.protocol is None else rule.protocol.lower()
    if protocol is not None and protocol.isdecimal():
        # OVN takes no leading zeros, and a rule that it cannot read lets nothing through.
        protocol = str(int(protocol))
    if protocol in (None, "any", "0", "-1"):
        return []
    assert protocol is not None
    if protocol in _ICMP:
        # Neutron accepts `icmp` in an IPv6 rule and means ICMPv6.
        name = f"icmp{version}"
        terms = [name]
        if rule.port_min is not None:
            terms.append(f"{name}.type == {rule.port_min}")
        if rule.port_max is not None:
            terms.append(f"{name}.code == {rule.port_max}")
        return terms
    if protocol in _WITH_PORTS:
        name = _WITH_PORTS[protocol]
        terms = [name]
        if rule.port_min is not None and rule.port_min == rule.port_max:
            terms.append(f"{name}.dst == {rule.port_min}")
        else:
            if rule.port_min is not None:
                terms.append(f"{name}.dst >= {rule.port_min}")
            if rule.port_max is not None:
                terms.append(f"{name}.dst <= {rule.port_max}")
        return terms
    return [f"ip.proto == {_NUMBERS.get(protocol, protocol)}"]


def _name(group_id: str) -> str:
    # Names in OVN's language have no dashes, and OVN derives address sets called after the group.
    return f"pg_{group_id.replace('-', '_')}"


RENDERING = Rendering(SecurityGroupSpec, GROUP, apply, remove)
