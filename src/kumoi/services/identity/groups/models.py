"""The tables of groups and of who belongs to them."""

import sqlalchemy as sa

from kumoi.kernel.database import Instant, metadata

groups = sa.Table(
    "identity_groups",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("domain_id", sa.String(64), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("domain_id", "name"),
)

memberships = sa.Table(
    "identity_memberships",
    metadata,
    sa.Column("user_id", sa.String(64), primary_key=True),
    sa.Column("group_id", sa.String(64), primary_key=True, index=True),
)
