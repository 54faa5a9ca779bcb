"""The table of security group rules."""

import sqlalchemy as sa

from kumoi.kernel.database import Table, metadata
from kumoi.services.network import standard_attributes
from kumoi.services.network.security_groups.models import SecurityGroupRuleRow, security_groups

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
