"""The table of messages, and their texts."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Instant, Table, metadata

KEPT = 30 * 24 * 3600 * SECOND
"""Microseconds that a message is kept."""


class MessageRow(TypedDict):
    id: str
    project_id: str
    event_id: str
    resource_type: str
    resource_id: str
    level: str
    text: str
    request_id: str
    created_at: int


messages = Table[MessageRow](
    "block_storage_messages",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("event_id", sa.String(64), nullable=False),
    sa.Column("resource_type", sa.String(36), nullable=False),
    sa.Column("resource_id", sa.String(36), nullable=False),
    sa.Column("level", sa.String(16), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_block_storage_messages_project", "project_id", "created_at", "id"),
    sa.Index("ix_block_storage_messages_created_at", "created_at", "id"),
)
"""`event_id`: `VOLUME_VOLUME_001_002`; `resource_type`: VOLUME, VOLUME_SNAPSHOT or VOLUME_BACKUP."""
