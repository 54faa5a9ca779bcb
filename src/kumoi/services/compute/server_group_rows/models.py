"""The tables of server groups and their members."""

from enum import StrEnum
from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata


class Policy(StrEnum):
    AFFINITY = "affinity"
    ANTI_AFFINITY = "anti-affinity"
    SOFT_AFFINITY = "soft-affinity"
    SOFT_ANTI_AFFINITY = "soft-anti-affinity"


class ServerGroupRow(TypedDict):
    id: str
    project_id: str
    user_id: str
    name: str
    policy: str
    max_server_per_host: int | None
    created_at: int


server_groups = Table[ServerGroupRow](
    "compute_server_groups",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("policy", sa.String(32), nullable=False),
    sa.Column("max_server_per_host", sa.Integer),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_compute_server_groups_page_of_project", "project_id", "created_at", "id"),
    sa.Index("ix_compute_server_groups_page", "created_at", "id"),
)
"""`max_server_per_host` is the only rule that the API has; only anti-affinity may have it."""


class ServerGroupMemberRow(TypedDict):
    server_id: str
    group_id: str


server_group_members = Table[ServerGroupMemberRow](
    "compute_server_group_members",
    metadata,
    sa.Column("server_id", sa.String(36), sa.ForeignKey("compute_servers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("group_id", sa.String(36), sa.ForeignKey(server_groups.c.id, ondelete="CASCADE"), nullable=False),
    sa.Index("ix_compute_server_group_members_group_id", "group_id"),
)
"""A server is in one group at most, from its creation on."""
