"""The table of volumes; their states as data."""

from enum import StrEnum
from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata
from kumoi.services.block_storage.attachment_rows.models import Status as AttachmentStatus


class Status(StrEnum):
    CREATING = "creating"
    AVAILABLE = "available"
    RESERVED = "reserved"
    ATTACHING = "attaching"
    IN_USE = "in-use"
    DETACHING = "detaching"
    EXTENDING = "extending"
    REVERTING = "reverting"
    BACKING_UP = "backing-up"
    RESTORING_BACKUP = "restoring-backup"
    UPLOADING = "uploading"
    DOWNLOADING = "downloading"
    """Another image is written over it."""
    AWAITING_TRANSFER = "awaiting-transfer"
    DELETING = "deleting"
    MAINTENANCE = "maintenance"
    """Set by an admin; the volume cannot be used."""
    ERROR = "error"
    ERROR_EXTENDING = "error_extending"
    ERROR_DELETING = "error_deleting"
    ERROR_RESTORING = "error_restoring"


TRANSITIONS = {
    Status.CREATING: {Status.AVAILABLE, Status.ERROR, Status.DELETING},
    Status.AVAILABLE: {Status.RESERVED, Status.EXTENDING, Status.REVERTING, Status.DELETING, Status.BACKING_UP,
                       Status.RESTORING_BACKUP, Status.UPLOADING, Status.AWAITING_TRANSFER,
                       Status.DOWNLOADING},
    Status.RESERVED: {Status.ATTACHING, Status.IN_USE, Status.AVAILABLE},
    Status.ATTACHING: {Status.IN_USE, Status.AVAILABLE},
    Status.IN_USE: {Status.DETACHING, Status.AVAILABLE, Status.EXTENDING, Status.BACKING_UP, Status.UPLOADING},
    Status.DETACHING: {Status.IN_USE, Status.AVAILABLE},
    Status.EXTENDING: {Status.AVAILABLE, Status.IN_USE, Status.ERROR_EXTENDING, Status.DELETING},
    Status.REVERTING: {Status.AVAILABLE, Status.ERROR, Status.DELETING},
    Status.BACKING_UP: {Status.AVAILABLE, Status.IN_USE, Status.DETACHING},
    Status.RESTORING_BACKUP: {Status.AVAILABLE, Status.ERROR_RESTORING},
    Status.UPLOADING: {Status.AVAILABLE, Status.IN_USE, Status.DETACHING},
    Status.AWAITING_TRANSFER: {Status.AVAILABLE},
    Status.ERROR_RESTORING: {Status.DELETING},
    Status.ERROR_EXTENDING: {Status.DELETING},
    Status.ERROR: {Status.DELETING, Status.DOWNLOADING},
    Status.DOWNLOADING: {Status.AVAILABLE, Status.ERROR, Status.DELETING},
    Status.DELETING: {Status.ERROR_DELETING},
    Status.ERROR_DELETING: {Status.DELETING},
}  # fmt: skip
"""In addition, an admin may set any status by hand."""

TRANSIENT = frozenset(
    {Status.CREATING, Status.EXTENDING, Status.REVERTING, Status.RESTORING_BACKUP, Status.UPLOADING,
     Status.DOWNLOADING, Status.DELETING}
)  # fmt: skip
"""A volume with one of these has an active operation of its own."""

HELD = frozenset({Status.RESERVED, Status.ATTACHING, Status.IN_USE, Status.DETACHING})
"""A volume with one of these has an attachment with the same status."""

DELETABLE = frozenset(
    {Status.CREATING, Status.AVAILABLE, Status.ERROR, Status.EXTENDING, Status.REVERTING, Status.ERROR_EXTENDING,
     Status.DOWNLOADING, Status.ERROR_RESTORING, Status.DELETING, Status.ERROR_DELETING}
)  # fmt: skip
"""A deletion supersedes the active operation."""

WITH_ATTACHMENT = {
    AttachmentStatus.RESERVED: Status.RESERVED,
    AttachmentStatus.ATTACHING: Status.ATTACHING,
    AttachmentStatus.ATTACHED: Status.IN_USE,
    AttachmentStatus.DETACHING: Status.DETACHING,
}
"""Status of an attachment → status of its volume. A volume has at most one attachment, because a disk has one
writer."""
AVAILABILITY_ZONE = "nova"


class VolumeRow(TypedDict):
    id: str
    project_id: str
    user_id: str
    name: str | None
    description: str | None
    size: int
    status: str
    availability_zone: str
    volume_type_id: str
    bootable: bool
    readonly: bool | None
    metadata: dict[str, str]
    image_metadata: dict[str, str]
    image_id: str | None
    snapshot_id: str | None
    source_volume_id: str | None
    backup_id: str | None
    group_id: str | None
    host: str | None
    created_at: int
    updated_at: int


volumes = Table[VolumeRow](
    "block_storage_volumes",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255)),
    sa.Column("description", sa.String(255)),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("status", sa.String(24), nullable=False),
    sa.Column("availability_zone", sa.String(255), nullable=False),
    sa.Column("volume_type_id", sa.String(36), nullable=False),
    sa.Column("bootable", sa.Boolean, nullable=False),
    sa.Column("readonly", sa.Boolean),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("image_metadata", sa.JSON, nullable=False),
    sa.Column("image_id", sa.String(36)),
    sa.Column("snapshot_id", sa.String(36)),
    sa.Column("source_volume_id", sa.String(36)),
    sa.Column("backup_id", sa.String(36)),
    sa.Column("group_id", sa.String(36)),
    sa.Column("host", sa.String(255)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_block_storage_volumes_project", "project_id", "created_at", "id"),
    sa.Index("ix_block_storage_volumes_created_at", "created_at", "id"),
    sa.Index("ix_block_storage_volumes_snapshot_id", "snapshot_id"),
    sa.Index("ix_block_storage_volumes_source_volume_id", "source_volume_id"),
    sa.Index("ix_block_storage_volumes_backup_id", "backup_id"),
    sa.Index("ix_block_storage_volumes_group_id", "group_id"),
    sa.Index("ix_block_storage_volumes_volume_type_id", "volume_type_id"),
)
"""`size` in GiB. `host` stores its disk; None until it is chosen. `image_metadata`: name → text, of the source image
and later changes. `readonly` None: never set."""
