"""The table of networks."""

import sqlalchemy as sa

from kumoi.kernel.database import Table, metadata
from kumoi.kernel.removal import Removal
from kumoi.services.network import standard_attributes


class NetworkRow(standard_attributes.NamedRow):
    admin_state_up: bool
    status: str
    shared: bool
    external: bool
    is_default: bool
    port_security_enabled: bool
    mtu: int
    dns_domain: str
    network_type: str
    physical_network: str | None
    segmentation_id: int | None
    availability_zone_hints: list[str] | None


class NetworkDetails(NetworkRow):
    subnets: list[str]
    tags: list[str]


networks = Table[NetworkRow](
    "network_networks",
    metadata,
    *standard_attributes.columns(),
    sa.Column("admin_state_up", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("external", sa.Boolean, nullable=False),
    sa.Column("is_default", sa.Boolean, nullable=False),
    sa.Column("port_security_enabled", sa.Boolean, nullable=False),
    sa.Column("mtu", sa.Integer, nullable=False),
    sa.Column("dns_domain", sa.String(255), nullable=False),
    sa.Column("network_type", sa.String(16), nullable=False),
    sa.Column("physical_network", sa.String(64)),
    sa.Column("segmentation_id", sa.Integer),
    sa.Column("availability_zone_hints", sa.JSON(none_as_null=True)),
    sa.Index("ix_network_networks_project_id_created_at", "project_id", "created_at"),
    sa.Index("ix_network_networks_shared", "shared"),
    sa.Index("ix_network_networks_external", "external"),
    sa.UniqueConstraint("network_type", "physical_network", "segmentation_id"),
)
"""`status` is always ACTIVE, because nothing about a network can be down."""

PRIVATE_MTU = 1442
"""1500 minus the overhead of Geneve."""
OUTER_MTU = 1500
LEAST_MTU = {4: 68, 6: 1280}
"""IP version → the minimum MTU of its standard."""
TUNNELS = 65536
"""Geneve's segmentation ids are 1 … TUNNELS - 1."""

removal = Removal()
"""Of networks."""
