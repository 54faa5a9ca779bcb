"""The table of users."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata
from kumoi.kernel.removal import Removal
from kumoi.services.identity import names


class UserRow(TypedDict):
    id: str
    name: str
    folded_name: str
    domain_id: str
    password_hash: str | None
    password_changed_at: int | None
    default_project_id: str | None
    enabled: bool
    options: dict[str, Any]
    extra: dict[str, Any]
    generation: int
    created_at: int


users = Table[UserRow](
    "identity_users",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
    names.folded_column(),
    sa.Column("domain_id", sa.String(64), nullable=False),
    sa.Column("password_hash", sa.String(255), nullable=True),
    sa.Column("password_changed_at", Instant, nullable=True),
    sa.Column("default_project_id", sa.String(64), nullable=True, index=True),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("domain_id", "name"),
    sa.UniqueConstraint("domain_id", "folded_name"),
    info=changes.part(user="id"),
)
"""A token names the generation it was issued in; raising it revokes every token of the user."""

removal = Removal()
