"""The SQL of groups and memberships. Each change invalidates the cached tokens of every process."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import epochs
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.services.identity import names
from kumoi.services.identity.groups.models import GroupRow, MembershipRow, groups, memberships


def find(tx: Transaction, group_id: str) -> GroupRow | None:
    return tx.one(sa.select(groups).where(groups.c.id == group_id), GroupRow)


def named(tx: Transaction, name: str, domain_id: str) -> GroupRow | None:
    return tx.one(
        sa.select(groups).where(groups.c.folded_name == names.folded(name), groups.c.domain_id == domain_id), GroupRow
    )


def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, GroupRow]:
    wanted = list(ids)
    return (
        {row["id"]: row for row in tx.all(sa.select(groups).where(groups.c.id.in_(wanted)), GroupRow)} if wanted else {}
    )


def listed(
    tx: Transaction, conditions: Sequence[sa.ColumnElement[bool]], marker: GroupRow | None, limit: int | None
) -> list[GroupRow]:
    order = [(groups.c.name, "asc"), (groups.c.id, "asc")]
    return page(tx, sa.select(groups).where(*conditions), GroupRow, sort=order, marker=marker, limit=limit)


def insert(tx: Transaction, **values: Any) -> None:
    tx.insert(groups, created_at=tx.now, **names.with_folded(values))


def update(tx: Transaction, group_id: str, values: dict[str, Any]) -> None:
    tx.execute(groups.update().where(groups.c.id == group_id).values(**names.with_folded(values)))
    epochs.advance(tx, "identity")


def delete(tx: Transaction, ids: Sequence[str]) -> None:
    tx.execute(memberships.delete().where(memberships.c.group_id.in_(ids)))
    tx.execute(groups.delete().where(groups.c.id.in_(ids)))
    epochs.advance(tx, "identity")


def of_domain(tx: Transaction, domain_id: str) -> list[str]:
    return tx.column(sa.select(groups.c.id).where(groups.c.domain_id == domain_id))


def having(user_id: str) -> sa.ColumnElement[bool]:
    """The condition that a group has this user."""
    return groups.c.id.in_(sa.select(memberships.c.group_id).where(memberships.c.user_id == user_id))


def user_ids_in(group_id: str) -> sa.Select[Any]:
    """The ids of a group's users, as a subquery for conditions on users."""
    return sa.select(memberships.c.user_id).where(memberships.c.group_id == group_id)


def users_of(tx: Transaction, group_ids: Sequence[str]) -> dict[str, list[str]]:
    """Group id → ids of its users."""
    found: dict[str, list[str]] = {}
    query = sa.select(memberships).where(memberships.c.group_id.in_(group_ids)).order_by(memberships.c.user_id)
    for row in tx.all(query, MembershipRow) if group_ids else ():
        found.setdefault(row["group_id"], []).append(row["user_id"])
    return found


def of_user(tx: Transaction, user_id: str) -> list[str]:
    query = sa.select(memberships.c.group_id).where(memberships.c.user_id == user_id)
    return tx.column(query)


def has(tx: Transaction, group_id: str, user_id: str) -> bool:
    same = (memberships.c.group_id == group_id, memberships.c.user_id == user_id)
    return tx.scalar(sa.select(sa.literal(1)).where(*same)) is not None


def join(tx: Transaction, group_id: str, user_id: str) -> None:
    """Does nothing if the user is a member."""
    if not has(tx, group_id, user_id):
        tx.insert(memberships, group_id=group_id, user_id=user_id)
        epochs.advance(tx, "identity")


def leave(tx: Transaction, group_id: str, user_id: str) -> bool:
    same = (memberships.c.group_id == group_id, memberships.c.user_id == user_id)
    epochs.advance(tx, "identity")
    return tx.changed(memberships.delete().where(*same)) > 0


def leave_all(tx: Transaction, user_ids: Sequence[str]) -> None:
    tx.execute(memberships.delete().where(memberships.c.user_id.in_(user_ids)))
