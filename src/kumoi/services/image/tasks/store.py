"""The SQL of tasks. They are rows of operations."""

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import OperationRow, history_of, operations, subject
from kumoi.kernel.pagination import page

KINDS = ("image.import", "image.copy")


def find(tx: Transaction, task_id: str) -> OperationRow | None:
    row = tx.row(operations, id=task_id)
    return row if row is not None and row["kind"] in KINDS else None


def page_of(
    tx: Transaction, states: tuple[str, ...] | None, sort: tuple[str, str], marker: OperationRow | None, limit: int
) -> list[OperationRow]:
    wanted = sa.select(operations).where(operations.c.kind.in_(KINDS))
    if states is not None:
        wanted = wanted.where(operations.c.state.in_(states))
    order = [(operations.c[sort[0]], sort[1])] + ([(operations.c.id, sort[1])] if sort[0] != "id" else [])
    return page(tx, wanted, OperationRow, sort=order, marker=marker, limit=limit)


def of_image(tx: Transaction, image_id: str) -> list[OperationRow]:
    return [row for row in history_of(tx, subject("image", image_id)) if row["kind"] in KINDS]
