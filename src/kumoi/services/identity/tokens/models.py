"""The table of revocations: audit ids of tokens that were given back before their end."""

import sqlalchemy as sa

from kumoi.kernel.database import Instant, metadata

revocations = sa.Table(
    "identity_revocations",
    metadata,
    sa.Column("audit_id", sa.String(32), primary_key=True),
    sa.Column("revoked_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)
"""Tokens derived from a token carry its audit id too, so one row revokes them all."""
