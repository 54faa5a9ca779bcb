"""The table of snapshots; their states as data."""

from enum import StrEnum
from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata


class Status(StrEnum):
    CREATING = "creating"
    AVAILABLE = "available"
    DELETING = "deleting"
    ERROR = "error"
    ERROR_DELETING = "error_deleting"


TRANSITIONS = {
    Status.CREATING: {Status.AVAILABLE, Status.ERROR, Status.DELETING},
    Status.AVAILABLE: {Status.DELETING},
    Status.ERROR: {Status.DELETING},
    Status.DELETING: {Status.ERROR_DELETING},
    Status.ERROR_DELETING: {Status.DELETING},
}

TRANSIENT = frozenset({Status.CREATING, Status.DELETING})
"""A snapshot with one of these has an active operation."""


class DiskState(TypedDict):
    """What audit and sweeps compare of a volume or a snapshot."""

    id: str
    status: str
    size: int
    host: str | None
    updated_at: int


class SnapshotRow(TypedDict):
    id: str
    volume_id: str
    project_id: str
    user_id: str
    name: str | None
    description: str | None
    size: int
    status: str
    metadata: dict[str, str]
    host: str
    group_snapshot_id: str | None
    progress: str | None
    created_at: int
    updated_at: int


snapshots = Table[SnapshotRow](
    "block_storage_snapshots",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("volume_id", sa.String(36), sa.ForeignKey("block_storage_volumes.id"), nullable=False),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255)),
    sa.Column("description", sa.String(255)),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("status", sa.String(24), nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("group_snapshot_id", sa.String(36)),
    sa.Column("progress", sa.String(8)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_block_storage_snapshots_project", "project_id", "created_at", "id"),
    sa.Index("ix_block_storage_snapshots_created_at", "created_at", "id"),
    sa.Index("ix_block_storage_snapshots_volume_id", "volume_id"),
    sa.Index("ix_block_storage_snapshots_group_snapshot_id", "group_snapshot_id"),
)
"""`size` in GiB: the volume's at that instant; `host`: the volume's. `progress`: as somebody else reported
it."""
