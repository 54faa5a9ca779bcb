"""The table of routers; their interfaces and gateways are ports."""

import sqlalchemy as sa

from kumoi.kernel.database import Table, metadata
from kumoi.kernel.removal import Removal
from kumoi.services.network import standard_attributes
from kumoi.services.network.port_rows.models import PortDetails


class RouterRow(standard_attributes.NamedRow):
    admin_state_up: bool
    status: str
    enable_snat: bool
    routes: list[dict[str, str]] | None
    availability_zone_hints: list[str] | None


class RouterDetails(RouterRow):
    gateway: PortDetails | None
    tags: list[str]


routers = Table[RouterRow](
    "network_routers",
    metadata,
    *standard_attributes.columns(),
    sa.Column("admin_state_up", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("enable_snat", sa.Boolean, nullable=False),
    sa.Column("routes", sa.JSON(none_as_null=True)),
    sa.Column("availability_zone_hints", sa.JSON(none_as_null=True)),
    sa.Index("ix_network_routers_project_id_created_at", "project_id", "created_at"),
)
"""`enable_snat` has an effect only with a gateway port. `status` is always ACTIVE."""

removal = Removal()
"""Of routers."""
gateway_removal = Removal()
"""Of their gateways; the ids are the routers'."""
