"""The tables of hosts; when one counts as silent."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata

SILENT_AFTER = 20.0
"""Seconds without an answer until a host counts as down."""
ZONE = "nova"
CELL = "cell-1"


class HostRow(TypedDict):
    number: int
    id: str
    name: str
    cell_id: str
    availability_zone: str
    vcpus: int
    memory_mib: int
    disk_gib: int
    hypervisor_type: str
    hypervisor_version: int
    accelerator: str
    cpu: dict[str, Any]
    disabled: bool
    disabled_reason: str | None
    forced_down: bool
    answers: bool
    created_at: int
    updated_at: int


hosts = Table[HostRow](
    "compute_hosts",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("cell_id", sa.String(36), nullable=False),
    sa.Column("availability_zone", sa.String(255), nullable=False),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.Integer, nullable=False),
    sa.Column("disk_gib", sa.Integer, nullable=False),
    sa.Column("hypervisor_type", sa.String(32), nullable=False),
    sa.Column("hypervisor_version", sa.Integer, nullable=False),
    sa.Column("accelerator", sa.String(16), nullable=False),
    sa.Column("cpu", sa.JSON, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("disabled_reason", sa.String(255)),
    sa.Column("forced_down", sa.Boolean, nullable=False),
    sa.Column("answers", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)
"""`id` is also the id of the placement provider. `number` is the id in API versions before 2.53. `answers`: the state
that placement has."""


class HostHeartbeatRow(TypedDict):
    host_id: str
    seen_at: int
    disk_free_gib: float


heartbeats = Table[HostHeartbeatRow](
    "compute_host_heartbeats",
    metadata,
    sa.Column("host_id", sa.String(36), primary_key=True),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("disk_free_gib", sa.Float, nullable=False),
    info=changes.UNSEEN,
)
"""A separate table, because its rows may be lost in a power failure."""
