"""The table of revocations: audit ids of tokens that were revoked before they expired."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata


class RevocationRow(TypedDict):
    audit_id: str
    revoked_at: int
    expires_at: int


revocations = Table[RevocationRow](
    "identity_revocations",
    metadata,
    sa.Column("audit_id", sa.String(32), primary_key=True),
    sa.Column("revoked_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
    info=changes.UNSEEN,
)
"""Tokens derived from a token carry its audit id too, so one row revokes them all."""
