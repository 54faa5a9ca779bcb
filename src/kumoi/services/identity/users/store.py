"""The SQL of users. Each change invalidates the cached tokens of every process."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import epochs
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.services.identity import names
from kumoi.services.identity.users.models import UserRow, users


def find(tx: Transaction, user_id: str) -> UserRow | None:
    return tx.one(sa.select(users).where(users.c.id == user_id), UserRow)


def named(tx: Transaction, name: str, domain_id: str) -> UserRow | None:
    return tx.one(
        sa.select(users).where(users.c.folded_name == names.folded(name), users.c.domain_id == domain_id), UserRow
    )


def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, UserRow]:
    wanted = list(ids)
    return {row["id"]: row for row in tx.all(sa.select(users).where(users.c.id.in_(wanted)), UserRow)} if wanted else {}


def listed(
    tx: Transaction, conditions: Sequence[sa.ColumnElement[bool]], marker: UserRow | None, limit: int | None
) -> list[UserRow]:
    order = [(users.c.name, "asc"), (users.c.id, "asc")]
    return page(tx, sa.select(users).where(*conditions), UserRow, sort=order, marker=marker, limit=limit)


def insert(tx: Transaction, **values: Any) -> None:
    changed_at = tx.now if values.get("password_hash") else None
    tx.insert(users, generation=0, password_changed_at=changed_at, created_at=tx.now, **names.with_folded(values))
    epochs.advance(tx, "identity")


def update(tx: Transaction, user_id: str, values: dict[str, Any]) -> None:
    tx.execute(users.update().where(users.c.id == user_id).values(**names.with_folded(values)))
    epochs.advance(tx, "identity")


def revoke(tx: Transaction, user_id: str) -> None:
    """The user's tokens are invalid from now on."""
    update(tx, user_id, {"generation": users.c.generation + 1})


def set_password(tx: Transaction, user_id: str, password_hash: str | None) -> None:
    """Also revokes the user's tokens."""
    update(tx, user_id, {"password_hash": password_hash, "password_changed_at": tx.now})
    revoke(tx, user_id)


def delete(tx: Transaction, ids: Sequence[str]) -> None:
    tx.execute(users.delete().where(users.c.id.in_(ids)))
    epochs.advance(tx, "identity")


def of_domain(tx: Transaction, domain_id: str) -> list[str]:
    return tx.column(sa.select(users.c.id).where(users.c.domain_id == domain_id))


def forget_default_project(tx: Transaction, project_ids: Sequence[str]) -> None:
    gone = users.c.default_project_id.in_(project_ids)
    tx.execute(users.update().where(gone).values(default_project_id=None))


def revoke_domain(tx: Transaction, domain_id: str) -> None:
    """Revoke the tokens of this domain's users."""
    tx.execute(users.update().where(users.c.domain_id == domain_id).values(generation=users.c.generation + 1))
    epochs.advance(tx, "identity")
