"""The table of console tokens: each opens one server's screen for a short while."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata

LIFETIME = 600
"""Seconds in which a token can be used. An open connection may last longer."""


class ConsoleTokenRow(TypedDict):
    digest: str
    server_id: str
    expires_at: int
    sealed: str | None


tokens = Table[ConsoleTokenRow](
    "compute_console_tokens",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("server_id", sa.String(36), nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("sealed", sa.Text),
    sa.Index("ix_compute_console_tokens_expires_at", "expires_at"),
    info=changes.UNSEEN,
)
"""`digest`: SHA-256 of the token, which is not stored. `sealed`: the token of the user who opened the console; access
ends with it. Only the cloud's keys can read it."""
