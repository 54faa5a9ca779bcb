"""The table of revocations: audit ids of tokens that were revoked before they expired."""

from typing import Any, TypedDict

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


class TokenUser(TypedDict):
    id: str
    name: str
    domain_id: str
    default_project_id: str | None
    enabled: bool
    options: dict[str, Any]
    generation: int
    domain_name: str
    domain_enabled: bool


class TokenScope(TypedDict):
    """A project or domain. A domain has no domain's name."""

    id: str
    name: str
    domain_id: str
    is_domain: bool
    enabled: bool
    generation: int
    domain_name: str | None
    domain_enabled: bool | None
