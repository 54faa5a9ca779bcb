"""The table of subnets."""

from typing import Literal

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Table, metadata
from kumoi.services.network import standard_attributes
from kumoi.services.network.network_rows.models import networks as networks_table

Ipv6Mode = Literal["slaac", "dhcpv6-stateful", "dhcpv6-stateless"]


class SubnetRow(standard_attributes.NamedRow):
    network_id: str
    ip_version: int
    cidr: str
    gateway_ip: str | None
    enable_dhcp: bool
    ipv6_ra_mode: Ipv6Mode | None
    ipv6_address_mode: Ipv6Mode | None
    allocation_pools: list[dict[str, str]]
    dns_nameservers: list[str] | None
    host_routes: list[dict[str, str]] | None
    service_types: list[str] | None
    subnetpool_id: str | None
    dns_publish_fixed_ip: bool


class SubnetDetails(SubnetRow):
    shared: bool
    external: bool
    tags: list[str]


subnets = Table[SubnetRow](
    "network_subnets",
    metadata,
    *standard_attributes.columns(),
    sa.Column("network_id", sa.String(36), sa.ForeignKey(networks_table.c.id), nullable=False, index=True),
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
    info=changes.part(
        everyone="COALESCE((SELECT n.shared OR n.external FROM network_networks AS n WHERE n.id = {row}.network_id), FALSE)"
    ),
)

AUTOMATIC = ("slaac", "dhcpv6-stateless")
"""Address modes in which a port's address follows from its MAC."""
