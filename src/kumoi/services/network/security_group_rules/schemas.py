"""Shapes of security group rules: docs.openstack.org/api-ref/network/v2/#security-group-rules-security-group-rules."""

from typing import Annotated, Literal

import msgspec

from kumoi.services.network.bodies import UNSET, Text, Unset
from kumoi.services.network.security_groups.schemas import rule as shown

Group = Annotated[str, msgspec.Meta(max_length=64)]
"""A text that is not an id is simply not found."""


class RuleCreate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    security_group_id: Group
    direction: Literal["ingress", "egress"]
    ethertype: Text | None = "IPv4"
    protocol: Text | int | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    remote_ip_prefix: Text | None = None
    remote_group_id: Group | None = None
    description: Text = ""
    project_id: Text | Unset = UNSET
    tenant_id: Text | Unset = UNSET
    tags: list[Text] | Unset = UNSET


class CreateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    security_group_rule: RuleCreate | Unset = UNSET
    security_group_rules: list[RuleCreate] | Unset = UNSET


__all__ = ["CreateBody", "RuleCreate", "shown"]
