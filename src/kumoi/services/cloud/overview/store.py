"""The SQL of the overview. The tables belong to the kernel."""

from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import ENDED, UNDONE, operations


def failed(tx: Transaction, project_id: str | None, since: int, limit: int) -> list[dict[str, Any]]:
    """Operations begun since that instant which failed or are overdue, newest first."""
    bad = sa.or_(operations.c.state == UNDONE, sa.and_(operations.c.overdue, operations.c.state.not_in(ENDED)))
    query = sa.select(operations).where(operations.c.created_at >= since, bad)
    if project_id is not None:
        query = query.where(operations.c.project_id == project_id)
    return tx.all(query.order_by(operations.c.created_at.desc(), operations.c.id.desc()).limit(limit))
