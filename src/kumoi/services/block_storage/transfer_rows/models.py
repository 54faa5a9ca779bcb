"""The table of transfers."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata


class TransferRow(TypedDict):
    id: str
    project_id: str
    volume_id: str
    name: str | None
    key_digest: str
    no_snapshots: bool
    created_at: int


transfers = Table[TransferRow](
    "block_storage_transfers",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column(
        "volume_id",
        sa.String(36),
        sa.ForeignKey("block_storage_volumes.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    sa.Column("name", sa.String(255)),
    sa.Column("key_digest", sa.String(64), nullable=False),
    sa.Column("no_snapshots", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_block_storage_transfers_project", "project_id", "created_at", "id"),
    sa.Index("ix_block_storage_transfers_created_at", "created_at", "id"),
)
"""`project_id` offers the volume. `key_digest`: SHA-256 of the key, which is shown only once. `no_snapshots`: those of the
volume stay. The row goes when the volume is accepted."""
