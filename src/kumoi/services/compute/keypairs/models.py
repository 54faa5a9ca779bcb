"""The table of keypairs."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata


class KeypairRow(TypedDict):
    id: int
    user_id: str
    name: str
    type: str
    fingerprint: str
    public_key: str
    created_at: int


keypairs = Table[KeypairRow](
    "compute_keypairs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("type", sa.String(8), nullable=False),
    sa.Column("fingerprint", sa.String(255), nullable=False),
    sa.Column("public_key", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("user_id", "name"),
    info=changes.part(key="name"),
)
