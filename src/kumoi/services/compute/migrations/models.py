"""The table of migrations; their states as data."""

from enum import StrEnum
from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata
from kumoi.services.compute.flavors.models import FlavorCopy


class Status(StrEnum):
    PRE_MIGRATING = "pre-migrating"
    MIGRATING = "migrating"
    POST_MIGRATING = "post-migrating"
    FINISHED = "finished"
    """A resize that waits to be confirmed or reverted."""
    CONFIRMING = "confirming"
    CONFIRMED = "confirmed"
    REVERTING = "reverting"
    REVERTED = "reverted"
    ERROR = "error"


RESIZE = "resize"
"""A value of `migration_type`."""

OPEN = (
    Status.PRE_MIGRATING, Status.MIGRATING, Status.POST_MIGRATING, Status.FINISHED, Status.CONFIRMING, Status.REVERTING,
)  # fmt: skip
"""The states in which a migration holds the resources of the flavor before, under its own id."""


class MigrationRow(TypedDict):
    number: int
    uuid: str
    instance_uuid: str
    project_id: str
    user_id: str
    migration_type: str
    status: str
    source_compute: str
    source_node: str
    dest_compute: str
    dest_node: str
    dest_host: str
    old_flavor: FlavorCopy
    new_flavor: FlavorCopy
    was_running: bool
    created_at: int
    updated_at: int


migrations = Table[MigrationRow](
    "compute_migrations",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("instance_uuid", sa.String(36), sa.ForeignKey("compute_servers.id", ondelete="CASCADE"), nullable=False),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("migration_type", sa.String(16), nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("source_compute", sa.String(255), nullable=False),
    sa.Column("source_node", sa.String(255), nullable=False),
    sa.Column("dest_compute", sa.String(255), nullable=False),
    sa.Column("dest_node", sa.String(255), nullable=False),
    sa.Column("dest_host", sa.String(255), nullable=False),
    sa.Column("old_flavor", sa.JSON, nullable=False),
    sa.Column("new_flavor", sa.JSON, nullable=False),
    sa.Column("was_running", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_compute_migrations_instance_uuid", "instance_uuid", "number"),
    sa.Index("ix_compute_migrations_status", "status", "updated_at"),
    sa.Index("ix_compute_migrations_updated_at", "updated_at"),
    info=changes.UNSEEN,
)
"""`number` is the API's `id`. `uuid` is also the consumer that holds the resources of the flavor before in placement.
The flavors are copies as servers have them. `was_running`: whether the server ran before."""
