"""The table of encryption, at most one for each volume type."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata


class EncryptionRow(TypedDict):
    volume_type_id: str
    encryption_id: str
    provider: str
    cipher: str | None
    key_size: int | None
    control_location: str
    created_at: int
    updated_at: int


encryption = Table[EncryptionRow](
    "block_storage_encryption",
    metadata,
    sa.Column(
        "volume_type_id",
        sa.String(36),
        sa.ForeignKey("block_storage_volume_types.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("encryption_id", sa.String(36), nullable=False),
    sa.Column("provider", sa.String(255), nullable=False),
    sa.Column("cipher", sa.String(255)),
    sa.Column("key_size", sa.Integer),
    sa.Column("control_location", sa.String(16), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)
