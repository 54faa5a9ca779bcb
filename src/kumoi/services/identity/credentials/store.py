"""The SQL of credentials. A change invalidates what processes cached of signers (`signers.py`)."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import epochs
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.services.identity.credentials.models import CredentialRow, credentials


def find(tx: Transaction, id: str) -> CredentialRow | None:
    return tx.one(sa.select(credentials).where(credentials.c.id == id), CredentialRow)


def with_access(tx: Transaction, access_digest: str) -> CredentialRow | None:
    return tx.one(sa.select(credentials).where(credentials.c.access_digest == access_digest), CredentialRow)


def listed(
    tx: Transaction, conditions: Sequence[sa.ColumnElement[bool]], marker: CredentialRow | None, limit: int | None
) -> list[CredentialRow]:
    order = [(credentials.c.created_at, "asc"), (credentials.c.id, "asc")]
    return page(tx, sa.select(credentials).where(*conditions), CredentialRow, sort=order, marker=marker, limit=limit)


def insert(tx: Transaction, **values: Any) -> None:
    tx.insert(credentials, created_at=tx.now, **values)


def update(tx: Transaction, id: str, values: dict[str, Any]) -> None:
    tx.execute(credentials.update().where(credentials.c.id == id).values(**values))
    epochs.advance(tx, "identity")


def delete(tx: Transaction, id: str) -> bool:
    return _delete(tx, credentials.c.id == id)


def delete_of_users(tx: Transaction, user_ids: Sequence[str]) -> None:
    _delete(tx, credentials.c.user_id.in_(user_ids))


def delete_of_projects(tx: Transaction, project_ids: Sequence[str]) -> None:
    _delete(tx, credentials.c.project_id.in_(project_ids))


def _delete(tx: Transaction, condition: sa.ColumnElement[bool]) -> bool:
    gone = tx.changed(credentials.delete().where(condition)) > 0
    epochs.advance(tx, "identity")
    return gone
