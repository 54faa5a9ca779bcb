"""The tables of application credentials and of the roles they give."""

import sqlalchemy as sa

from kumoi.kernel.database import Instant, metadata

application_credentials = sa.Table(
    "identity_application_credentials",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.Text, nullable=True),
    sa.Column("secret_hash", sa.String(255), nullable=False),
    sa.Column("expires_at", Instant, nullable=True),
    sa.Column("unrestricted", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("user_id", "name"),
)

application_credential_roles = sa.Table(
    "identity_application_credential_roles",
    metadata,
    sa.Column("application_credential_id", sa.String(64), primary_key=True),
    sa.Column("role_id", sa.String(64), primary_key=True, index=True),
)
