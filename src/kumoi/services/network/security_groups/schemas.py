"""Shapes of security groups: docs.openstack.org/api-ref/network/v2/#security-groups-security-groups."""

import ipaddress
from functools import lru_cache
from typing import Any

import msgspec

from kumoi.services.network import standard_attributes
from kumoi.services.network.bodies import UNSET, Text, Unset
from kumoi.services.network.security_groups.models import SecurityGroupDetails, SecurityGroupRuleDetails
from kumoi.services.network.standard_attributes import Standard


class SecurityGroupCreate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Text = ""
    description: Text = ""
    stateful: bool = True
    project_id: Text | Unset = UNSET
    tenant_id: Text | Unset = UNSET
    tags: list[Text] = []


class CreateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    security_group: SecurityGroupCreate | Unset = UNSET
    security_groups: list[SecurityGroupCreate] | Unset = UNSET


class SecurityGroupUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Text | Unset = UNSET
    description: Text | Unset = UNSET
    stateful: bool | Unset = UNSET


class UpdateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    security_group: SecurityGroupUpdate


class Rule(Standard, kw_only=True):
    security_group_id: str
    direction: str
    ethertype: str
    protocol: str | None
    port_range_min: int | None
    port_range_max: int | None
    remote_ip_prefix: str | None
    remote_group_id: str | None
    remote_address_group_id: None
    normalized_cidr: str | None


class SecurityGroup(Standard, kw_only=True):
    name: str
    stateful: bool
    shared: bool
    security_group_rules: list[Rule]


def security_group(row: SecurityGroupDetails) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "stateful": row["stateful"],
        "shared": False,
        "security_group_rules": [rule(one) for one in row["rules"]],
        **standard_attributes.shown(row, row["tags"]),
    }


def rule(row: SecurityGroupRuleDetails) -> dict[str, Any]:
    return {
        "id": row["id"],
        "security_group_id": row["security_group_id"],
        "direction": row["direction"],
        "ethertype": row["ethertype"],
        "protocol": row["protocol"],
        "port_range_min": row["port_range_min"],
        "port_range_max": row["port_range_max"],
        "remote_ip_prefix": row["remote_ip_prefix"],
        "remote_group_id": row["remote_group_id"],
        "remote_address_group_id": None,
        "normalized_cidr": _normalized(row["remote_ip_prefix"]),
        **standard_attributes.shown(row, row["tags"]),
    }


@lru_cache(maxsize=1024)
def _normalized(prefix: str | None) -> str | None:
    return None if prefix is None else str(ipaddress.ip_network(prefix, strict=False))
