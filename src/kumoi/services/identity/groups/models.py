"""The tables of groups and memberships."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata
from kumoi.kernel.removal import Removal
from kumoi.services.identity import names


class GroupRow(TypedDict):
    id: str
    name: str
    folded_name: str
    domain_id: str
    description: str
    extra: dict[str, Any]
    created_at: int


groups = Table[GroupRow](
    "identity_groups",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    names.folded_column(),
    sa.Column("domain_id", sa.String(64), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("domain_id", "name"),
    sa.UniqueConstraint("domain_id", "folded_name"),
)


class MembershipRow(TypedDict):
    user_id: str
    group_id: str


memberships = Table[MembershipRow](
    "identity_memberships",
    metadata,
    sa.Column("user_id", sa.String(64), primary_key=True),
    sa.Column("group_id", sa.String(64), primary_key=True, index=True),
    info=changes.part(resource="group", key="group_id", user=""),
)

removal = Removal()
