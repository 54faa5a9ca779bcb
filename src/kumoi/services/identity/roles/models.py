"""The tables of roles and implications."""

import sqlalchemy as sa

from kumoi.kernel.database import Instant, metadata

NO_DOMAIN = ""
"""The domain of a role that holds everywhere; NULLs would not be unique."""

roles = sa.Table(
    "identity_roles",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("domain_id", sa.String(64), nullable=False),
    sa.Column("description", sa.Text, nullable=True),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("domain_id", "name"),
)

implications = sa.Table(
    "identity_role_implications",
    metadata,
    sa.Column("prior_role_id", sa.String(64), primary_key=True),
    sa.Column("implied_role_id", sa.String(64), primary_key=True),
)
