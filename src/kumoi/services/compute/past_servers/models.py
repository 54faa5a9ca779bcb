"""The table of servers whose rows are gone."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata

KEPT = 400 * 24 * 3600
"""Seconds after its end for which a server counts in the usage of its project."""


class PastServerRow(TypedDict):
    id: str
    project_id: str
    name: str
    flavor_name: str
    vcpus: int
    memory_mib: int
    disk_gib: int
    launched_at: int
    terminated_at: int


past_servers = Table[PastServerRow](
    "compute_past_servers",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("flavor_name", sa.String(255), nullable=False),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.Integer, nullable=False),
    sa.Column("disk_gib", sa.Integer, nullable=False),
    sa.Column("launched_at", Instant, nullable=False),
    sa.Column("terminated_at", Instant, nullable=False),
    sa.Index("ix_compute_past_servers_project_id", "project_id", "terminated_at"),
    sa.Index("ix_compute_past_servers_terminated_at", "terminated_at"),
    info=changes.UNSEEN,
)
