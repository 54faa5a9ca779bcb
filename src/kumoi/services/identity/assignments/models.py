"""The table of assignments."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Table, metadata

SYSTEM = "system"
"""The id of the system as a target."""


class AssignmentRow(TypedDict):
    actor_kind: str
    actor_id: str
    target_kind: str
    target_id: str
    role_id: str
    inherited: bool


assignments = Table[AssignmentRow](
    "identity_assignments",
    metadata,
    sa.Column("actor_kind", sa.String(8), primary_key=True),
    sa.Column("actor_id", sa.String(64), primary_key=True),
    sa.Column("target_kind", sa.String(8), primary_key=True),
    sa.Column("target_id", sa.String(64), primary_key=True),
    sa.Column("role_id", sa.String(64), primary_key=True, index=True),
    sa.Column("inherited", sa.Boolean, primary_key=True),
    sa.Index("ix_identity_assignments_target", "target_kind", "target_id"),
    info=changes.part(resource="role_assignment", key="actor_id"),
)
"""`actor_kind`: user or group; `target_kind`: project, domain or system. `inherited`: the role applies in the projects
below the target, and not on the target itself."""
