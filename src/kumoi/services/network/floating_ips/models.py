"""The table of floating IPs."""

import sqlalchemy as sa

from kumoi.kernel.database import Table, metadata
from kumoi.services.network import standard_attributes
from kumoi.services.network.network_rows.models import networks as networks_table
from kumoi.services.network.port_rows.models import PortRow
from kumoi.services.network.port_rows.models import ports as ports_table
from kumoi.services.network.routers.models import routers as routers_table


class FloatingIpRow(standard_attributes.StandardRow):
    floating_network_id: str
    floating_ip_address: str
    floating_port_id: str
    port_id: str | None
    fixed_ip_address: str | None
    router_id: str | None
    status: str


class FloatingIpDetails(FloatingIpRow):
    port: PortRow | None
    tags: list[str]


floating_ips = Table[FloatingIpRow](
    "network_floating_ips",
    metadata,
    *standard_attributes.columns(named=False),
    sa.Column("floating_network_id", sa.String(36), sa.ForeignKey(networks_table.c.id), nullable=False, index=True),
    sa.Column("floating_ip_address", sa.String(45), nullable=False),
    sa.Column("floating_port_id", sa.String(36), sa.ForeignKey(ports_table.c.id), nullable=False),
    sa.Column("port_id", sa.String(36), sa.ForeignKey(ports_table.c.id), index=True),
    sa.Column("fixed_ip_address", sa.String(45)),
    sa.Column("router_id", sa.String(36), sa.ForeignKey(routers_table.c.id), index=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.UniqueConstraint("floating_network_id", "floating_ip_address"),
    sa.UniqueConstraint("port_id", "fixed_ip_address", "floating_network_id"),
    sa.Index("ix_network_floating_ips_project_id_created_at", "project_id", "created_at"),
)
"""`status`: ACTIVE when the topology has it; DOWN while it is not associated, or not in the topology yet."""

STATES = {"DOWN": ("ACTIVE",), "ACTIVE": ("DOWN",)}
"""State → states that may follow."""
