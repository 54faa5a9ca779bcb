"""The SQL of the overview. The tables belong to the kernel."""

from collections.abc import Collection

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import DONE, ENDED, UNDONE, OperationRow, operations, subjects


def failed(tx: Transaction, project_id: str | None, since: int, limit: int) -> list[OperationRow]:
    """Operations begun since that instant which failed or are overdue, newest first."""
    bad = sa.or_(operations.c.state == UNDONE, sa.and_(operations.c.overdue, operations.c.state.not_in(ENDED)))
    query = sa.select(operations).where(operations.c.created_at >= since, bad)
    if project_id is not None:
        query = query.where(operations.c.project_id == project_id)
    return tx.all(query.order_by(operations.c.created_at.desc(), operations.c.id.desc()).limit(limit), OperationRow)


def done_with(tx: Transaction, names: Collection[str]) -> dict[str, list[tuple[str, int]]]:
    """subject → (kind, when it was requested) of operations that were done with it."""
    if not names:
        return {}
    query = (
        sa.select(subjects.c.subject, operations.c.kind, sa.func.max(operations.c.created_at))
        .join(operations)
        .where(subjects.c.subject.in_(names), operations.c.state == DONE)
        .group_by(subjects.c.subject, operations.c.kind)
    )
    found: dict[str, list[tuple[str, int]]] = {}
    for subject, kind, at in tx.tuples(query):
        found.setdefault(subject, []).append((kind, at))
    return found
