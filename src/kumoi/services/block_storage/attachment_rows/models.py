"""The table of attachments; their states as data."""

from enum import StrEnum
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata


class Status(StrEnum):
    RESERVED = "reserved"
    ATTACHING = "attaching"
    ATTACHED = "attached"
    DETACHING = "detaching"


TRANSITIONS = {
    Status.RESERVED: {Status.ATTACHING, Status.ATTACHED},
    Status.ATTACHING: {Status.ATTACHED},
    Status.ATTACHED: {Status.DETACHING},
    Status.DETACHING: {Status.ATTACHED},
}
"""An attachment in any state may be deleted, with its row."""


class AttachmentRow(TypedDict):
    id: str
    volume_id: str
    project_id: str
    server_id: str | None
    by_compute: bool
    status: str
    mode: str
    device: str | None
    host: str | None
    connector: dict[str, Any]
    created_at: int
    attached_at: int | None


attachments = Table[AttachmentRow](
    "block_storage_attachments",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("volume_id", sa.String(36), sa.ForeignKey("block_storage_volumes.id", ondelete="CASCADE"),
              nullable=False, unique=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("server_id", sa.String(36)),
    sa.Column("by_compute", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("mode", sa.String(8), nullable=False),
    sa.Column("device", sa.String(255)),
    sa.Column("host", sa.String(255)),
    sa.Column("connector", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("attached_at", Instant),
    sa.Index("ix_block_storage_attachments_server_id", "server_id"),
    sa.Index("ix_block_storage_attachments_project", "project_id", "created_at", "id"),
)  # fmt: skip
"""`by_compute`: a server uses the volume, and only compute ends the attachment. Others are records of clients without
effect. `mode`: rw or ro; `project_id`: the volume's; `host`: where the server runs."""
