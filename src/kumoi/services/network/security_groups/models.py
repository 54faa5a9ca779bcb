"""The tables of security groups and of their rules, which every group is shown with."""

from typing import Literal

import sqlalchemy as sa

from kumoi.kernel.database import Table, metadata
from kumoi.kernel.removal import Removal
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

security_group_rules = Table[SecurityGroupRuleRow](
    "network_security_group_rules",
    metadata,
    *standard_attributes.columns(named=False),
    sa.Column("security_group_id", sa.String(36), sa.ForeignKey(security_groups.c.id, ondelete="CASCADE"),
              nullable=False),
    sa.Column("direction", sa.String(8), nullable=False),
    sa.Column("ethertype", sa.String(8), nullable=False),
    sa.Column("protocol", sa.String(40)),
    sa.Column("port_range_min", sa.Integer),
    sa.Column("port_range_max", sa.Integer),
    sa.Column("remote_ip_prefix", sa.String(64)),
    sa.Column("remote_network", sa.String(64), nullable=False, default="", server_default=""),
    sa.Column("remote_group_id", sa.String(36), sa.ForeignKey(security_groups.c.id), index=True),
    sa.Index("ix_network_security_group_rules_page", "created_at", "id"),
    sa.Index("ix_network_security_group_rules_page_of_project", "project_id", "created_at", "id"),
    sa.Index("ix_network_security_group_rules_security_group_id", "security_group_id", "project_id"),
    sa.Index("ix_network_security_group_rules_alike", "security_group_id", "remote_network", "port_range_min"),
)  # fmt: skip
"""`remote_network`: the normalized `remote_ip_prefix`, without host bits; empty for any address. It finds rules with
the same meaning."""

removal = Removal()
"""Of security groups."""

DEFAULT = "default"
