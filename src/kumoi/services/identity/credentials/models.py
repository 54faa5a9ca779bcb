"""The table of credentials."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata


class CredentialRow(TypedDict):
    id: str
    user_id: str
    project_id: str | None
    type: str
    access_digest: str | None
    sealed_blob: str
    extra: dict[str, Any]
    created_at: int


credentials = Table[CredentialRow](
    "identity_credentials",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(64), nullable=False, index=True),
    sa.Column("project_id", sa.String(64), nullable=True, index=True),
    sa.Column("type", sa.String(255), nullable=False),
    sa.Column("access_digest", sa.String(64), nullable=True, unique=True),
    sa.Column("sealed_blob", sa.Text, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    info=changes.part(project="", user="user_id"),
)
"""`access_digest`: of the type ec2, SHA-256 of the access key: how a signed request finds its secret."""
