"""The SQL of the view of operations. The table belongs to the kernel."""

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import OperationRow, operations, subjects
from kumoi.kernel.pagination import page


def find(tx: Transaction, operation_id: str) -> OperationRow | None:
    return tx.one(sa.select(operations).where(operations.c.id == operation_id), OperationRow)


def list_of(
    tx: Transaction,
    project_id: str | None,
    subject: str | None,
    state: str | None,
    marker: OperationRow | None,
    limit: int | None,
) -> list[OperationRow]:
    query = sa.select(operations)
    if project_id is not None:
        query = query.where(operations.c.project_id == project_id)
    if state is not None:
        query = query.where(operations.c.state == state)
    if subject is not None:
        held = sa.select(subjects.c.operation_id).where(subjects.c.subject == subject)
        query = query.where(operations.c.id.in_(held))
    sort = [(operations.c.created_at, "desc"), (operations.c.id, "desc")]
    return page(tx, query, OperationRow, sort=sort, marker=marker, limit=limit)
