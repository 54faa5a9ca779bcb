"""The table of routers; their interfaces and gateways are ports."""

import sqlalchemy as sa

from kumoi.kernel.database import metadata
from kumoi.services.network import standard_attributes

routers = sa.Table(
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
"""`enable_snat` counts while there is a gateway port. `status` stays ACTIVE."""
