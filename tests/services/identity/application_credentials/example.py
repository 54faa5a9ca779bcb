"""An application credential of the caller, who is somebody whom identity knows."""

from functools import partial
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.routes import Route
from kumoi.kernel.who import Who
from kumoi.services.identity.assignments.models import AssignmentRow, assignments
from kumoi.services.identity.project_rows.models import ProjectRow, projects
from kumoi.services.identity.roles.models import roles
from kumoi.services.identity.users.models import UserRow, users
from tests import examples
from tests.cloud import CALLERS


def create(cloud: Any, route: Route) -> tuple[str, dict[str, Any]]:
    caller = CALLERS[examples.caller(route)]
    cloud.database.write(partial(_introduce, caller=caller))
    return f"/identity/v3/users/{caller.user_id}/application_credentials", {"application_credential": {"name": "robot"}}


def _introduce(tx: Transaction, caller: Who) -> None:
    """Rows of a caller whose token is only a name."""
    if tx.row(users, id=caller.user_id):
        return
    assert caller.project_id is not None
    common = {
        "domain_id": "default",
        "enabled": True,
        "options": {},
        "extra": {},
        "generation": 0,
        "created_at": tx.now,
    }
    user = {"id": caller.user_id, "name": "caller", "folded_name": "caller", **common}
    tx.insert_row(users, UserRow(password_hash=None, password_changed_at=None, default_project_id=None, **user))
    project = {"id": caller.project_id, "name": "caller's", "folded_name": "caller's", **common}
    tx.insert_row(projects, ProjectRow(parent_id="default", is_domain=False, description="", **project))
    role_id = tx.scalar(sa.select(roles.c.id).where(roles.c.name == "member"))
    tx.insert_row(assignments, AssignmentRow(
        actor_kind="user", actor_id=caller.user_id, target_kind="project", target_id=caller.project_id, role_id=role_id,
        inherited=False,
    ))  # fmt: skip
