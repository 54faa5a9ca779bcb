"""The table of credentials."""

import sqlalchemy as sa

from kumoi.kernel.database import Instant, metadata

credentials = sa.Table(
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
)
"""`access_digest`: of the type ec2, SHA-256 of the access key: how a signed request finds its secret."""
