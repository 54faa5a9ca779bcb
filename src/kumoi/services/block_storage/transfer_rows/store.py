"""The SQL of transfers."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.kernel.rows import ProjectRows
from kumoi.services.block_storage.errors import TransferNotFound
from kumoi.services.block_storage.transfer_rows.models import TransferRow
from kumoi.services.block_storage.transfer_rows.models import transfers as table

rows = ProjectRows(table=table, absent=TransferNotFound)


def insert(tx: Transaction, row: TransferRow) -> TransferRow:
    tx.insert_row(table, row)
    return row


def find(tx: Transaction, transfer_id: str) -> TransferRow | None:
    return tx.one(sa.select(table).where(table.c.id == transfer_id), TransferRow)


def delete(tx: Transaction, transfer_id: str) -> None:
    tx.execute(table.delete().where(table.c.id == transfer_id))


def of_volume(tx: Transaction, volume_id: str) -> TransferRow | None:
    return tx.one(sa.select(table).where(table.c.volume_id == volume_id), TransferRow)


def delete_of_volume(tx: Transaction, volume_id: str) -> None:
    tx.execute(table.delete().where(table.c.volume_id == volume_id))


def list_of(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: TransferRow | None,
    limit: int,
    offset: int = 0,
) -> list[TransferRow]:
    query = sa.select(table).where(*conditions)
    return page(tx, query.offset(offset) if offset else query, TransferRow, sort=sort, marker=marker, limit=limit)


def every(tx: Transaction) -> set[str]:
    """The volumes that are offered."""
    return set(tx.column(sa.select(table.c.volume_id)))
