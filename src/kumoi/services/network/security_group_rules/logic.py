"""Checks the rules of security groups."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from kumoi.kernel import ip, quotas, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.network import ownership, standard_attributes
from kumoi.services.network.bodies import given
from kumoi.services.network.errors import InvalidInput
from kumoi.services.network.listing import Asked
from kumoi.services.network.security_group_rules import protocols, schemas, store
from kumoi.services.network.security_group_rules.errors import (
    SecurityGroupEthertypeConflictWithProtocol,
    SecurityGroupInvalidIcmpValue,
    SecurityGroupInvalidPortRange,
    SecurityGroupInvalidPortValue,
    SecurityGroupInvalidProtocolForPort,
    SecurityGroupMissingIcmpType,
    SecurityGroupProtocolRequiredWithPorts,
    SecurityGroupRemoteGroupAndRemoteIpPrefix,
    SecurityGroupRuleExists,
    SecurityGroupRuleInvalidEtherType,
    SecurityGroupRuleInvalidProtocol,
    SecurityGroupRuleNotFound,
    SecurityGroupRuleParameterConflict,
)
from kumoi.services.network.security_groups import logic as groups
from kumoi.services.network.security_groups import store as groups_store
from kumoi.services.network.security_groups.models import SecurityGroupRuleDetails, SecurityGroupRuleRow
from kumoi.services.network.tags import store as tags_store

LIST_QUERY = store.LISTING.query


def create(tx: Transaction, who: Who, asked: Sequence[schemas.RuleCreate]) -> list[SecurityGroupRuleDetails]:
    made = []
    for one in asked:
        project_id = ownership.project_of(who, given(one))
        group = groups.find(tx, who, one.security_group_id)
        ownership.must_own(who, group, "create_security_group_rule")
        columns = _checked(one)
        if one.remote_group_id is not None:
            groups.find(tx, who, one.remote_group_id)
        number = protocols.number(columns["protocol"], columns["ethertype"])
        for other in store.alike(tx, columns):
            if protocols.number(other["protocol"], columns["ethertype"]) == number:
                raise SecurityGroupRuleExists(other["id"])
        quotas.take(tx, "network", project_id, {"security_group_rule": 1})
        row = standard_attributes.fresh(tx, SecurityGroupRuleRow, project_id, **columns)
        store.insert(tx, row)
        if isinstance(one.tags, list):
            tags_store.add(tx, row["id"], one.tags)
        _touch(tx, group["id"])
        made.append(row)
    return store.tagged(tx, made)


def index(tx: Transaction, who: Who, asked: Asked) -> list[SecurityGroupRuleDetails]:
    return store.page(tx, who, asked)


def find(tx: Transaction, who: Who, rule_id: str) -> SecurityGroupRuleRow:
    row = store.find_visible(tx, who, rule_id)
    if row is None:
        raise SecurityGroupRuleNotFound(rule_id)
    return row


def show(tx: Transaction, who: Who, rule_id: str) -> SecurityGroupRuleDetails:
    return store.tagged(tx, [find(tx, who, rule_id)])[0]


def delete(tx: Transaction, who: Who, rule_id: str) -> None:
    row = find(tx, who, rule_id)
    if not ownership.owns(who, row):
        group = groups.find(tx, who, row["security_group_id"])
        ownership.must_own(who, group, "delete_security_group_rule")
    store.delete(tx, rule_id)
    _touch(tx, row["security_group_id"])


def _touch(tx: Transaction, group_id: str) -> None:
    groups_store.change(tx, group_id)
    reconcile.mark(tx, groups.KIND, group_id)


def _checked(asked: schemas.RuleCreate) -> dict[str, Any]:
    """The columns of a valid rule."""
    ethertype = protocols.ETHERTYPES.get((asked.ethertype or "IPv4").lower())
    if ethertype is None:
        raise SecurityGroupRuleInvalidEtherType(str(asked.ethertype))
    if asked.remote_group_id is not None and asked.remote_ip_prefix is not None:
        raise SecurityGroupRemoteGroupAndRemoteIpPrefix()
    protocol = _protocol(asked.protocol, ethertype)
    _check_ports(protocol, ethertype, asked.port_range_min, asked.port_range_max)
    prefix = _prefix(asked.remote_ip_prefix, ethertype)
    return {
        "security_group_id": asked.security_group_id,
        "direction": asked.direction,
        "ethertype": ethertype,
        "protocol": protocol,
        "port_range_min": asked.port_range_min,
        "port_range_max": asked.port_range_max,
        "remote_ip_prefix": prefix,
        "remote_network": _network(prefix),
        "remote_group_id": asked.remote_group_id,
        "description": asked.description,
    }


def _protocol(asked: str | int | None, ethertype: str) -> str | None:
    text = None if asked is None else str(asked).strip().lower()
    if text in (None, "", "any"):
        return None
    assert text is not None
    try:
        number = protocols.number(text, ethertype)
    except ValueError:
        raise SecurityGroupRuleInvalidProtocol(text) from None
    if number in protocols.ONLY_IPV6 and ethertype == "IPv4":
        raise SecurityGroupEthertypeConflictWithProtocol(ethertype, text)
    return text


def _check_ports(protocol: str | None, ethertype: str, low: int | None, high: int | None) -> None:
    if low is None and high is None:
        return
    number = protocols.number(protocol, ethertype)
    for value in (low, high):
        if value is not None and not 0 <= value <= 65535 and number not in protocols.ICMP:
            raise SecurityGroupInvalidPortValue(value)
    if protocol is None or number is None:
        raise SecurityGroupProtocolRequiredWithPorts()
    if number in protocols.ICMP:
        for field, attribute, value in (("type", "port_range_min", low), ("code", "port_range_max", high)):
            if value is not None and not 0 <= value <= 255:
                raise SecurityGroupInvalidIcmpValue(field, attribute, value)
        if low is None:
            assert high is not None
            raise SecurityGroupMissingIcmpType(high)
    elif number in protocols.WITH_PORTS:
        if 0 in (low, high):
            raise SecurityGroupInvalidPortValue(0)
        if low is None or high is None or low > high:
            raise SecurityGroupInvalidPortRange()
    else:
        raise SecurityGroupInvalidProtocolForPort(protocol)


def _prefix(asked: str | None, ethertype: str) -> str | None:
    if not asked:
        return None
    try:
        network = ip.network(asked)
    except ValueError:
        raise InvalidInput(f"remote_ip_prefix: '{asked[:64]}' is not a valid IP subnet") from None
    if network.version != (4 if ethertype == "IPv4" else 6):
        raise SecurityGroupRuleParameterConflict(ethertype, asked)
    return asked if "/" in asked else f"{asked}/{network.max_prefixlen}"


def _network(prefix: str | None) -> str:
    """The same for all prefixes that mean the same; empty for any address."""
    network = None if prefix is None else ipaddress.ip_network(prefix, strict=False)
    return "" if network is None or network.prefixlen == 0 else str(network)
