"""Compares tables and world."""

from kumoi.kernel.audit import Audit
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step, subject

SUBJECT = subject("audit", "cloud")
"""There is one audit at a time."""
DIFFERENCES, FOUND = "differences", "found"
MOST = 500
"""Differences that are kept."""


def compare(context: Context) -> None:
    """The audit itself is unfinished work, but no difference."""
    found = context.engine(Audit).differences(context.database, context.engine)
    found = [each for each in found if each["id"] != context.id]
    context.data |= {FOUND: len(found), DIFFERENCES: found[:MOST]}


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """There is nothing to mark."""


RUN = Operation("audit.run", steps=[Step("compare", do=compare, deadline=600)], failed=failed)
