"""All SQL of keypairs."""

from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.kernel.quotas import Quota
from kumoi.services.compute.keypairs.models import KeypairRow, keypairs


def insert(tx: Transaction, **values: Any) -> None:
    tx.insert(keypairs, created_at=tx.now, **values)


def find(tx: Transaction, user_id: str, name: str) -> KeypairRow | None:
    return tx.one(sa.select(keypairs).where(keypairs.c.user_id == user_id, keypairs.c.name == name), KeypairRow)


def list_of_user(tx: Transaction, user_id: str, marker: KeypairRow | None, limit: int | None) -> list[KeypairRow]:
    query = sa.select(keypairs).where(keypairs.c.user_id == user_id)
    return page(tx, query, KeypairRow, sort=[(keypairs.c.name, "asc")], marker=marker, limit=limit)


def delete(tx: Transaction, user_id: str, name: str) -> bool:
    return tx.changed(keypairs.delete().where(keypairs.c.user_id == user_id, keypairs.c.name == name)) > 0


def count_of_user(tx: Transaction, user_id: str) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).where(keypairs.c.user_id == user_id)) or 0)


KEY_PAIRS = Quota("compute", "key_pairs", 100, count_of_user)
"""Each user has as many as the limit of the project that is asked from; of a project itself none are counted."""
