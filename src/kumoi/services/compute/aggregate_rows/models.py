"""The tables of aggregates and their hosts."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata
from kumoi.services.compute.hosts.models import hosts as hosts_table

ZONE_KEY = "availability_zone"
"""The key in an aggregate's metadata that makes its hosts a zone."""


class AggregateRow(TypedDict):
    number: int
    id: str
    name: str
    metadata: dict[str, str]
    created_at: int
    updated_at: int | None


aggregates = Table[AggregateRow](
    "compute_aggregates",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant),
)
"""`number` is the id in the API. `id` is the uuid there, and the id of the aggregate in placement."""


class AggregateHostRow(TypedDict):
    aggregate_id: str
    host_id: str


aggregate_hosts = Table[AggregateHostRow](
    "compute_aggregate_hosts",
    metadata,
    sa.Column(
        "aggregate_id", sa.String(36), sa.ForeignKey("compute_aggregates.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("host_id", sa.String(36), sa.ForeignKey(hosts_table.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Index("ix_compute_aggregate_hosts_host_id", "host_id"),
)
