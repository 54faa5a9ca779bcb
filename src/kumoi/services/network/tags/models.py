"""The table of tags."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Table, metadata

MOST = 50
"""Tags of one resource."""


class TagRow(TypedDict):
    resource_id: str
    tag: str


tags = Table[TagRow](
    "network_tags",
    metadata,
    sa.Column("resource_id", sa.String(36), primary_key=True),
    sa.Column("tag", sa.String(255), primary_key=True),
    sa.Index("ix_network_tags_tag", "tag"),
    info=changes.UNSEEN,
)
"""Of every kind of resource. Ids are unique across kinds."""
