"""The table of backups; their states as data."""

from enum import StrEnum
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata


class Status(StrEnum):
    CREATING = "creating"
    AVAILABLE = "available"
    RESTORING = "restoring"
    DELETING = "deleting"
    ERROR = "error"
    ERROR_DELETING = "error_deleting"


TRANSITIONS = {
    Status.CREATING: {Status.AVAILABLE, Status.ERROR, Status.DELETING},
    Status.AVAILABLE: {Status.RESTORING, Status.DELETING},
    Status.RESTORING: {Status.AVAILABLE},
    Status.ERROR: {Status.DELETING},
    Status.DELETING: {Status.ERROR_DELETING},
    Status.ERROR_DELETING: {Status.DELETING},
}
"""In addition, an admin may set `available` or `error` by hand."""

TRANSIENT = frozenset({Status.CREATING, Status.DELETING})
"""A backup with one of these has an active operation of its own. One that is `restoring` is read by an operation of the
volume `restored_to`."""


class BackupRow(TypedDict):
    id: str
    project_id: str
    user_id: str
    volume_id: str
    snapshot_id: str | None
    parent_id: str | None
    name: str | None
    description: str | None
    size: int
    status: str
    container: str
    object_count: int
    bytes: int
    fail_reason: str | None
    host: str
    place: str
    data_timestamp: int | None
    availability_zone: str
    metadata: dict[str, str]
    volume: dict[str, Any]
    restored_to: str | None
    created_at: int
    updated_at: int


backups = Table[BackupRow](
    "block_storage_backups",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("volume_id", sa.String(36), nullable=False),
    sa.Column("snapshot_id", sa.String(36)),
    sa.Column("parent_id", sa.String(36)),
    sa.Column("name", sa.String(255)),
    sa.Column("description", sa.String(255)),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("status", sa.String(24), nullable=False),
    sa.Column("container", sa.String(255), nullable=False),
    sa.Column("object_count", sa.Integer, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("fail_reason", sa.Text),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("place", sa.String(36), nullable=False),
    sa.Column("data_timestamp", Instant),
    sa.Column("availability_zone", sa.String(255), nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("volume", sa.JSON, nullable=False),
    sa.Column("restored_to", sa.String(36)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_block_storage_backups_project", "project_id", "created_at", "id"),
    sa.Index("ix_block_storage_backups_created_at", "created_at", "id"),
    sa.Index("ix_block_storage_backups_volume_id", "volume_id"),
    sa.Index("ix_block_storage_backups_snapshot_id", "snapshot_id"),
    sa.Index("ix_block_storage_backups_parent_id", "parent_id"),
    sa.Index("ix_block_storage_backups_place", "place"),
    sa.Index("ix_block_storage_backups_restored_to", "restored_to"),
)
"""`size` in GiB: the volume's; `bytes`: those that the backup occupies. `host` and `place`: where its bytes are; two rows
share a place after an import. `parent_id`: the backup that an incremental one needs. `volume`: what a restored volume gets
besides its content. `data_timestamp`: the instant of the content. The volume and the snapshot may be gone."""
