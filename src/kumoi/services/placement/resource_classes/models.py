"""The table of the resource classes that were made here; the standard ones need no row."""

import sqlalchemy as sa

from kumoi.kernel.database import Instant, metadata

resource_classes = sa.Table(
    "placement_resource_classes",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
)
