"""The SQL of group types."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.services.block_storage.group_types.models import GroupTypeRow
from kumoi.services.block_storage.group_types.models import group_types as table


def insert(tx: Transaction, row: GroupTypeRow) -> GroupTypeRow:
    tx.insert_row(table, row)
    return row


def find(tx: Transaction, group_type_id: str) -> GroupTypeRow | None:
    return tx.one(sa.select(table).where(table.c.id == group_type_id), GroupTypeRow)


def named(tx: Transaction, name: str) -> GroupTypeRow | None:
    return tx.one(sa.select(table).where(table.c.name == name), GroupTypeRow)


def update(tx: Transaction, group_type_id: str, **values: Any) -> None:
    tx.execute(table.update().where(table.c.id == group_type_id).values(**{"updated_at": tx.now, **values}))


def delete(tx: Transaction, group_type_id: str) -> None:
    tx.execute(table.delete().where(table.c.id == group_type_id))


def list_of(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: GroupTypeRow | None,
    limit: int,
    offset: int = 0,
) -> list[GroupTypeRow]:
    query = sa.select(table).where(*conditions)
    return page(tx, query.offset(offset) if offset else query, GroupTypeRow, sort=sort, marker=marker, limit=limit)
