"""The SQL of audits. The tables belong to the kernel."""

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import OperationRow, operations, subjects


def last(tx: Transaction, subject: str) -> OperationRow | None:
    held = sa.select(subjects.c.operation_id).where(subjects.c.subject == subject)
    query = sa.select(operations).where(operations.c.id.in_(held))
    return tx.one(query.order_by(operations.c.created_at.desc(), operations.c.id.desc()).limit(1), OperationRow)
