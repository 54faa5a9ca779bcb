"""The table of subnet pools."""

import sqlalchemy as sa

from kumoi.kernel.database import Table, metadata
from kumoi.kernel.removal import Removal
from kumoi.services.network import standard_attributes


class SubnetpoolRow(standard_attributes.NamedRow):
    ip_version: int
    prefixes: list[str]
    default_prefixlen: int
    min_prefixlen: int
    max_prefixlen: int
    default_quota: int | None
    shared: bool
    is_default: bool


class SubnetpoolDetails(SubnetpoolRow):
    tags: list[str]


subnetpools = Table[SubnetpoolRow](
    "network_subnetpools",
    metadata,
    *standard_attributes.columns(),
    sa.Column("ip_version", sa.Integer, nullable=False),
    sa.Column("prefixes", sa.JSON, nullable=False),
    sa.Column("default_prefixlen", sa.Integer, nullable=False),
    sa.Column("min_prefixlen", sa.Integer, nullable=False),
    sa.Column("max_prefixlen", sa.Integer, nullable=False),
    sa.Column("default_quota", sa.BigInteger),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("is_default", sa.Boolean, nullable=False),
    sa.Index("ix_network_subnetpools_project_id_created_at", "project_id", "created_at"),
)

SHORTEST = {4: 8, 6: 64}
"""IP version → the default min_prefixlen."""
LONGEST = {4: 32, 6: 128}

removal = Removal()
"""Of subnet pools."""
