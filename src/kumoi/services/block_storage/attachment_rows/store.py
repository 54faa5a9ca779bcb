"""The SQL of attachments."""

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.kernel.rows import ProjectRows
from kumoi.services.block_storage.attachment_rows.models import AttachmentRow
from kumoi.services.block_storage.attachment_rows.models import attachments as table
from kumoi.services.block_storage.errors import AttachmentNotFound

rows = ProjectRows(table=table, absent=AttachmentNotFound)


def insert(tx: Transaction, row: AttachmentRow) -> AttachmentRow:
    tx.insert_row(table, row)
    return row


def find(tx: Transaction, attachment_id: str) -> AttachmentRow | None:
    return tx.one(sa.select(table).where(table.c.id == attachment_id), AttachmentRow)


def of_volume(tx: Transaction, volume_id: str) -> AttachmentRow | None:
    return tx.one(sa.select(table).where(table.c.volume_id == volume_id), AttachmentRow)


def of_volumes(tx: Transaction, volume_ids: Iterable[str]) -> dict[str, AttachmentRow]:
    """Volume → its attachment."""
    return {
        row["volume_id"]: row
        for row in tx.all(sa.select(table).where(table.c.volume_id.in_(list(volume_ids))), AttachmentRow)
    }


def of_servers(tx: Transaction, server_ids: Iterable[str]) -> list[AttachmentRow]:
    """In the order of their creation."""
    wanted = table.c.server_id.in_(list(server_ids))
    return tx.all(
        sa.select(table).where(wanted, table.c.by_compute).order_by(table.c.created_at, table.c.id), AttachmentRow
    )


def servers(tx: Transaction) -> set[str]:
    """Every server that has a volume, or is about to."""
    return set(
        tx.column(sa.select(table.c.server_id).where(table.c.by_compute, table.c.server_id.is_not(None)).distinct())
    )


def update(tx: Transaction, attachment_id: str, **values: Any) -> None:
    tx.execute(table.update().where(table.c.id == attachment_id).values(**values))


def delete(tx: Transaction, attachment_id: str) -> None:
    tx.execute(table.delete().where(table.c.id == attachment_id))


def list_of(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: AttachmentRow | None,
    limit: int,
    offset: int = 0,
) -> list[AttachmentRow]:
    query = sa.select(table).where(*conditions)
    return page(tx, query.offset(offset) if offset else query, AttachmentRow, sort=sort, marker=marker, limit=limit)


class AttachmentState(TypedDict):
    id: str
    volume_id: str
    server_id: str | None
    by_compute: bool
    status: str


def every(tx: Transaction) -> list[AttachmentState]:
    """Of every attachment, for the audit."""
    columns = (table.c.id, table.c.volume_id, table.c.server_id, table.c.by_compute, table.c.status)
    return tx.all(sa.select(*columns), AttachmentState)
