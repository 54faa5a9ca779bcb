"""The tables of roles and implications."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata
from kumoi.kernel.removal import Removal
from kumoi.services.identity import names

NO_DOMAIN = ""
"""The domain of a role that holds everywhere; NULLs would not be unique."""


class RoleRow(TypedDict):
    id: str
    name: str
    folded_name: str
    domain_id: str
    description: str | None
    options: dict[str, Any]
    extra: dict[str, Any]
    created_at: int


roles = Table[RoleRow](
    "identity_roles",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
    names.folded_column(),
    sa.Column("domain_id", sa.String(64), nullable=False),
    sa.Column("description", sa.Text, nullable=True),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("domain_id", "name"),
    sa.UniqueConstraint("domain_id", "folded_name"),
)


class RoleImplicationRow(TypedDict):
    prior_role_id: str
    implied_role_id: str


implications = Table[RoleImplicationRow](
    "identity_role_implications",
    metadata,
    sa.Column("prior_role_id", sa.String(64), primary_key=True),
    sa.Column("implied_role_id", sa.String(64), primary_key=True),
    info=changes.part(resource="role", key="prior_role_id"),
)

removal = Removal()
