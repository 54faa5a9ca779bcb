"""The SQL of assignments. Each change invalidates the cached tokens of every process."""

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import epochs
from kumoi.kernel.database import Transaction
from kumoi.services.identity.assignments.models import AssignmentRow, assignments
from kumoi.services.identity.groups.models import memberships as memberships_table
from kumoi.services.identity.project_rows.models import projects as projects_table


def exists(tx: Transaction, key: dict[str, Any]) -> bool:
    return tx.scalar(sa.select(sa.literal(1)).where(*_equal(key))) is not None


def insert(tx: Transaction, key: dict[str, Any]) -> None:
    """Does nothing if it exists."""
    if not exists(tx, key):
        tx.insert(assignments, **key)
        epochs.advance(tx, "identity")


def delete(tx: Transaction, key: dict[str, Any]) -> bool:
    """Delete every assignment whose columns equal `key`. Returns whether there was one."""
    found = tx.changed(assignments.delete().where(*_equal(key))) > 0
    if found:
        epochs.advance(tx, "identity")
    return found


def matching(tx: Transaction, key: dict[str, Any]) -> list[AssignmentRow]:
    order = [assignments.c[name] for name in ("target_kind", "target_id", "actor_kind", "actor_id", "role_id")]
    return tx.all(sa.select(assignments).where(*_equal(key)).order_by(*order), AssignmentRow)


def _equal(key: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    return [
        assignments.c[name].in_(value) if isinstance(value, list | set) else assignments.c[name] == value
        for name, value in key.items()
    ]


Text = str | sa.ColumnElement[str]


def of_user(user_id: Text) -> sa.ColumnElement[bool]:
    """The condition that an assignment is the user's, or of a group that the user belongs to."""
    his_groups = sa.select(memberships_table.c.group_id).where(memberships_table.c.user_id == user_id)
    return sa.or_(
        sa.and_(assignments.c.actor_kind == "user", assignments.c.actor_id == user_id),
        sa.and_(assignments.c.actor_kind == "group", assignments.c.actor_id.in_(his_groups)),
    )


def ancestors(project_id: Text) -> sa.Select[Any]:
    """The ids above a project, up to its domain."""
    first = sa.select(projects_table.c.id, projects_table.c.parent_id).where(projects_table.c.id == project_id)
    walk = first.cte("walk", recursive=True)
    above = sa.select(projects_table.c.id, projects_table.c.parent_id).join(
        walk, projects_table.c.id == walk.c.parent_id
    )
    walk = walk.union_all(above)
    return sa.select(walk.c.id).where(walk.c.id != project_id)


def _granted(*, inherit: bool) -> sa.Select[Any]:
    target_id: sa.ColumnElement[str] = sa.bindparam("target_id", type_=sa.String)
    here: sa.ColumnElement[bool] = sa.and_(
        assignments.c.target_kind == sa.bindparam("target_kind"),
        assignments.c.target_id == target_id,
        assignments.c.inherited.is_(False),
    )
    if inherit:
        above = assignments.c.target_id.in_(ancestors(target_id))
        here = sa.or_(here, sa.and_(assignments.c.inherited.is_(True), above))
    return sa.select(assignments.c.role_id).where(of_user(sa.bindparam("user_id", type_=sa.String)), here)


_GRANTED, _GRANTED_ON_PROJECT = _granted(inherit=False), _granted(inherit=True)
"""Built once, because every new token reads one of them."""


def role_ids(tx: Transaction, user_id: str, target_kind: str, target_id: str) -> set[str]:
    """Roles granted to the user or the user's groups on the target, or inherited by it, without implied roles."""
    query = _GRANTED_ON_PROJECT if target_kind == "project" else _GRANTED
    return set(tx.column(query, {"user_id": user_id, "target_kind": target_kind, "target_id": target_id}))


class Target(TypedDict):
    target_kind: str
    target_id: str
    inherited: bool


class Grant(TypedDict):
    role_id: str
    target_kind: str


def targets_of_user(tx: Transaction, user_id: str) -> list[Target]:
    """Of every assignment that reaches the user."""
    columns = (assignments.c.target_kind, assignments.c.target_id, assignments.c.inherited)
    return tx.all(sa.select(*columns).where(of_user(user_id)).distinct(), Target)


def held(tx: Transaction, actor_kind: str, actor_id: str) -> list[Grant]:
    """All grants to a user (including the user's groups) or a group, on any target."""
    group = sa.and_(assignments.c.actor_kind == "group", assignments.c.actor_id == actor_id)
    reaches = of_user(actor_id) if actor_kind == "user" else group
    return tx.all(sa.select(assignments.c.role_id, assignments.c.target_kind).where(reaches).distinct(), Grant)


def users_on_projects(tx: Transaction, role_ids: Sequence[str]) -> list[tuple[str, str]]:
    """(user id, project id) of the users who have one of these roles on a project by a grant of their own."""
    direct = {"actor_kind": "user", "target_kind": "project", "inherited": False}
    return [(row["actor_id"], row["target_id"]) for row in tx.rows(assignments, role_id=list(role_ids), **direct)]


def below(tx: Transaction, ids: Iterable[str]) -> set[str]:
    """The ids of all projects below these projects or domains."""
    walk = sa.select(projects_table.c.id).where(projects_table.c.parent_id.in_(list(ids))).cte("below", recursive=True)
    walk = walk.union(sa.select(projects_table.c.id).join(walk, projects_table.c.parent_id == walk.c.id))
    return set(tx.column(sa.select(walk.c.id)))


def forget(tx: Transaction, ids: Sequence[str], kind: str) -> None:
    """Assignments of actors (`user`, `group`), on targets (`project`, `domain`) or of roles (`role`) that go."""
    if kind == "role":
        delete(tx, {"role_id": list(ids)})
    elif kind in ("user", "group"):
        delete(tx, {"actor_kind": kind, "actor_id": list(ids)})
    else:
        delete(tx, {"target_kind": kind, "target_id": list(ids)})
