"""The SQL of roles and implied roles. Each change invalidates the cached tokens of every process."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import epochs
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.services.identity import names
from kumoi.services.identity.roles.models import NO_DOMAIN, RoleRow, implications, roles


def find(tx: Transaction, role_id: str) -> RoleRow | None:
    return tx.one(sa.select(roles).where(roles.c.id == role_id), RoleRow)


def named(tx: Transaction, name: str, domain_id: str) -> RoleRow | None:
    return tx.one(
        sa.select(roles).where(roles.c.folded_name == names.folded(name), roles.c.domain_id == domain_id), RoleRow
    )


def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, RoleRow]:
    wanted = list(ids)
    return {row["id"]: row for row in tx.all(sa.select(roles).where(roles.c.id.in_(wanted)), RoleRow)} if wanted else {}


_NAMED = sa.select(roles.c.name, roles.c.id).where(
    roles.c.id.in_(sa.bindparam("ids", expanding=True)), roles.c.domain_id == NO_DOMAIN
)
_IMPLIED = sa.select(implications.c.prior_role_id, implications.c.implied_role_id)
"""Both built once, because every new token reads them."""


def named_of_no_domain(tx: Transaction, ids: Iterable[str]) -> list[tuple[str, str]]:
    """(id, name) of those of these roles that belong to no domain, by name."""
    wanted = list(ids)
    return [(id, name) for name, id in sorted(tx.tuples(_NAMED, {"ids": wanted}))] if wanted else []


def listed(
    tx: Transaction, conditions: Sequence[sa.ColumnElement[bool]], marker: RoleRow | None, limit: int | None
) -> list[RoleRow]:
    order = [(roles.c.name, "asc"), (roles.c.id, "asc")]
    return page(tx, sa.select(roles).where(*conditions), RoleRow, sort=order, marker=marker, limit=limit)


def insert(tx: Transaction, **values: Any) -> None:
    tx.insert(roles, created_at=tx.now, **names.with_folded(values))


def update(tx: Transaction, role_id: str, values: dict[str, Any]) -> None:
    tx.execute(roles.update().where(roles.c.id == role_id).values(**names.with_folded(values)))
    epochs.advance(tx, "identity")


def delete(tx: Transaction, role_ids: Sequence[str]) -> None:
    tx.execute(roles.delete().where(roles.c.id.in_(role_ids)))
    either = sa.or_(implications.c.prior_role_id.in_(role_ids), implications.c.implied_role_id.in_(role_ids))
    tx.execute(implications.delete().where(either))
    epochs.advance(tx, "identity")


def of_domain(tx: Transaction, domain_id: str) -> list[str]:
    return tx.column(sa.select(roles.c.id).where(roles.c.domain_id == domain_id))


def implied(tx: Transaction) -> dict[str, set[str]]:
    """Prior role id → the ids that it implies at once."""
    found: dict[str, set[str]] = {}
    for prior, implied_id in tx.tuples(_IMPLIED):
        found.setdefault(prior, set()).add(implied_id)
    return found


def imply(tx: Transaction, prior_role_id: str, implied_role_id: str) -> None:
    tx.insert(implications, prior_role_id=prior_role_id, implied_role_id=implied_role_id)
    epochs.advance(tx, "identity")


def imply_no_more(tx: Transaction, prior_role_id: str, implied_role_id: str) -> bool:
    same = (implications.c.prior_role_id == prior_role_id, implications.c.implied_role_id == implied_role_id)
    epochs.advance(tx, "identity")
    return tx.changed(implications.delete().where(*same)) > 0
