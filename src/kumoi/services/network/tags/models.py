"""The table of tags."""

import sqlalchemy as sa

from kumoi.kernel.database import metadata

MOST = 50
"""Tags of one resource."""

tags = sa.Table(
    "network_tags",
    metadata,
    sa.Column("resource_id", sa.String(36), primary_key=True),
    sa.Column("tag", sa.String(255), primary_key=True),
    sa.Index("ix_network_tags_tag", "tag"),
)
"""Of every kind of resource: their ids are unique over all kinds."""
