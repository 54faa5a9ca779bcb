"""The table of custom resource classes. Standard classes have no rows."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata
from kumoi.kernel.removal import Removal


class ResourceClassRow(TypedDict):
    name: str
    created_at: int


resource_classes = Table[ResourceClassRow](
    "placement_resource_classes",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
)

removal = Removal()
