"""Starts audits. Each is an operation, so that it does not occupy a request, and the last result is kept with it."""

from kumoi.kernel import operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import UNFINISHED, OperationRow
from kumoi.kernel.who import Who
from kumoi.services.cloud.audits import store
from kumoi.services.cloud.audits.operations.run import RUN, SUBJECT


def last(tx: Transaction) -> OperationRow | None:
    return store.last(tx, SUBJECT)


def begin(tx: Transaction, who: Who, request_id: str) -> OperationRow:
    """The audit in progress, or else a new one."""
    row = last(tx)
    if row is None or row["state"] not in UNFINISHED:
        operations.begin(
            tx, RUN, [SUBJECT], {}, request_id=request_id, user_id=who.user_id, project_id=who.project_id
        )  # fmt: skip
        row = last(tx)
        assert row is not None
    return row
