"""The table of subnets."""

import sqlalchemy as sa

from kumoi.kernel.database import metadata
from kumoi.services.network import standard_attributes
from kumoi.services.network.networks.models import networks

subnets = sa.Table(
    "network_subnets",
    metadata,
    *standard_attributes.columns(),
    sa.Column("network_id", sa.String(36), sa.ForeignKey(networks.c.id), nullable=False, index=True),
    sa.Column("ip_version", sa.Integer, nullable=False),
    sa.Column("cidr", sa.String(64), nullable=False),
    sa.Column("gateway_ip", sa.String(45)),
    sa.Column("enable_dhcp", sa.Boolean, nullable=False),
    sa.Column("ipv6_ra_mode", sa.String(16)),
    sa.Column("ipv6_address_mode", sa.String(16)),
    sa.Column("allocation_pools", sa.JSON, nullable=False),
    sa.Column("dns_nameservers", sa.JSON(none_as_null=True)),
    sa.Column("host_routes", sa.JSON(none_as_null=True)),
    sa.Column("service_types", sa.JSON(none_as_null=True)),
    sa.Column("subnetpool_id", sa.String(36), index=True),
    sa.Column("dns_publish_fixed_ip", sa.Boolean, nullable=False),
    sa.Index("ix_network_subnets_project_id_created_at", "project_id", "created_at"),
)

AUTOMATIC = ("slaac", "dhcpv6-stateless")
"""Address modes in which a port's address follows from its MAC."""
