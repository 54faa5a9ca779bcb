"""The table of security groups, and the rows of their rules, which every group is shown with."""

from typing import Literal

import sqlalchemy as sa

from kumoi.kernel.database import Table, metadata
from kumoi.services.network import standard_attributes


class SecurityGroupRow(standard_attributes.NamedRow):
    stateful: bool
    is_default: bool


class SecurityGroupRuleRow(standard_attributes.StandardRow):
    security_group_id: str
    direction: Literal["ingress", "egress"]
    ethertype: Literal["IPv4", "IPv6"]
    protocol: str | None
    port_range_min: int | None
    port_range_max: int | None
    remote_ip_prefix: str | None
    remote_network: str
    remote_group_id: str | None


class SecurityGroupRuleDetails(SecurityGroupRuleRow):
    tags: list[str]


class SecurityGroupDetails(SecurityGroupRow):
    rules: list[SecurityGroupRuleDetails]
    tags: list[str]


security_groups = Table[SecurityGroupRow](
    "network_security_groups",
    metadata,
    *standard_attributes.columns(),
    sa.Column("stateful", sa.Boolean, nullable=False),
    sa.Column("is_default", sa.Boolean, nullable=False),
    sa.Index("ix_network_security_groups_project_id_created_at", "project_id", "created_at"),
    sa.Index("uq_network_security_groups_default", "project_id", unique=True, sqlite_where=sa.text("is_default = 1"),
             postgresql_where=sa.text("is_default")),
)  # fmt: skip

DEFAULT = "default"
