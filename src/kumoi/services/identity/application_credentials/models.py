"""The tables of application credentials and their roles."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata
from kumoi.services.identity import names


class ApplicationCredentialRow(TypedDict):
    id: str
    user_id: str
    project_id: str
    name: str
    folded_name: str
    description: str | None
    secret_hash: str
    expires_at: int | None
    unrestricted: bool
    created_at: int


application_credentials = Table[ApplicationCredentialRow](
    "identity_application_credentials",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    names.folded_column(),
    sa.Column("description", sa.Text, nullable=True),
    sa.Column("secret_hash", sa.String(255), nullable=False),
    sa.Column("expires_at", Instant, nullable=True),
    sa.Column("unrestricted", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("user_id", "name"),
    sa.UniqueConstraint("user_id", "folded_name"),
    info=changes.part(project="", user="user_id"),
)


class ApplicationCredentialRoleRow(TypedDict):
    application_credential_id: str
    role_id: str


application_credential_roles = Table[ApplicationCredentialRoleRow](
    "identity_application_credential_roles",
    metadata,
    sa.Column("application_credential_id", sa.String(64), primary_key=True),
    sa.Column("role_id", sa.String(64), primary_key=True, index=True),
    info=changes.UNSEEN,
)
