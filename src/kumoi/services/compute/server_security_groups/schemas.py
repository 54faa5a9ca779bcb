"""Shapes of servers' security groups: docs.openstack.org/api-ref/compute/#list-security-groups-by-server."""

from typing import Annotated, Any

import msgspec

from kumoi.services.network.facade.security_groups import SecurityGroup, SecurityGroupRule


class Group(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class Range(msgspec.Struct):
    cidr: str | msgspec.UnsetType = msgspec.UNSET


class Remote(msgspec.Struct):
    name: str | msgspec.UnsetType = msgspec.UNSET
    tenant_id: str | msgspec.UnsetType = msgspec.UNSET


class Rule(msgspec.Struct, kw_only=True):
    id: str
    parent_group_id: str
    ip_protocol: str | None
    from_port: int
    to_port: int
    ip_range: Range
    group: Remote


class Shown(msgspec.Struct, kw_only=True):
    id: str
    name: str
    description: str
    tenant_id: str
    rules: list[Rule]


def group(row: SecurityGroup, names: dict[str, str]) -> dict[str, Any]:
    """In compute's format: only with ingress rules. `names`: group id → name."""
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "tenant_id": row["project_id"],
        "rules": [_rule(rule, row, names) for rule in row["rules"] if rule["direction"] == "ingress"],
    }


def _rule(rule: SecurityGroupRule, row: SecurityGroup, names: dict[str, str]) -> dict[str, Any]:
    remote = rule["remote_group_id"]
    everything = "0.0.0.0/0" if rule["ethertype"] == "IPv4" else "::/0"
    return {
        "id": rule["id"],
        "parent_group_id": row["id"],
        "ip_protocol": rule["protocol"],
        "from_port": -1 if rule["port_range_min"] is None else rule["port_range_min"],
        "to_port": -1 if rule["port_range_max"] is None else rule["port_range_max"],
        "ip_range": {} if remote else {"cidr": rule["remote_ip_prefix"] or everything},
        "group": {"name": names.get(remote, remote), "tenant_id": row["project_id"]} if remote else {},
    }
