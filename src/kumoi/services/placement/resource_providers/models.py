"""The table of resource providers."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata
from kumoi.kernel.removal import Removal


class ResourceProviderRow(TypedDict):
    id: str
    name: str
    generation: int
    root_id: str
    parent_id: str | None
    created_at: int
    updated_at: int


resource_providers = Table[ResourceProviderRow](
    "placement_resource_providers",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("root_id", sa.String(36), nullable=False, index=True),
    sa.Column("parent_id", sa.String(36), sa.ForeignKey("placement_resource_providers.id"), index=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)

removal = Removal()
