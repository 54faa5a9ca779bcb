"""The table of group types."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata

CONSISTENT = "consistent_group_snapshot_enabled"
"""The group spec which demands that the snapshots of a group are of one instant."""


class GroupTypeRow(TypedDict):
    id: str
    name: str
    description: str | None
    is_public: bool
    group_specs: dict[str, str]
    created_at: int
    updated_at: int


group_types = Table[GroupTypeRow](
    "block_storage_group_types",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("description", sa.String(255)),
    sa.Column("is_public", sa.Boolean, nullable=False),
    sa.Column("group_specs", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)
