"""The tables of groups and of group snapshots."""

from enum import StrEnum
from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata
from kumoi.services.block_storage.group_types.models import group_types as group_types_table


class Status(StrEnum):
    """Of groups. One is available as soon as it is made; others are set by admins."""

    CREATING = "creating"
    AVAILABLE = "available"
    ERROR = "error"


class GroupRow(TypedDict):
    id: str
    project_id: str
    user_id: str
    name: str | None
    description: str | None
    status: str
    group_type_id: str
    volume_types: list[str]
    availability_zone: str
    group_snapshot_id: str | None
    source_group_id: str | None
    created_at: int
    updated_at: int


groups = Table[GroupRow](
    "block_storage_groups",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255)),
    sa.Column("description", sa.String(255)),
    sa.Column("status", sa.String(24), nullable=False),
    sa.Column("group_type_id", sa.String(36), sa.ForeignKey(group_types_table.c.id), nullable=False),
    sa.Column("volume_types", sa.JSON, nullable=False),
    sa.Column("availability_zone", sa.String(255), nullable=False),
    sa.Column("group_snapshot_id", sa.String(36)),
    sa.Column("source_group_id", sa.String(36)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_block_storage_groups_project", "project_id", "created_at", "id"),
    sa.Index("ix_block_storage_groups_created_at", "created_at", "id"),
    sa.Index("ix_block_storage_groups_group_type_id", "group_type_id"),
    info=changes.part(resource="volume_group"),
)
"""`volume_types`: ids of those that its volumes may have. `group_snapshot_id`, `source_group_id`: what it was made of."""


class GroupSnapshotRow(TypedDict):
    id: str
    project_id: str
    user_id: str
    group_id: str
    group_type_id: str
    name: str | None
    description: str | None
    status: str | None
    created_at: int


group_snapshots = Table[GroupSnapshotRow](
    "block_storage_group_snapshots",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("group_id", sa.String(36), sa.ForeignKey("block_storage_groups.id"), nullable=False),
    sa.Column("group_type_id", sa.String(36), nullable=False),
    sa.Column("name", sa.String(255)),
    sa.Column("description", sa.String(255)),
    sa.Column("status", sa.String(24)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_block_storage_group_snapshots_project", "project_id", "created_at", "id"),
    sa.Index("ix_block_storage_group_snapshots_created_at", "created_at", "id"),
    sa.Index("ix_block_storage_group_snapshots_group_id", "group_id"),
)
"""`status` None: that of its snapshots together; otherwise an admin set it."""
