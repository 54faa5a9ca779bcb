"""Ends operations that wait too long in the queue (for example behind a dead host) and releases what they took."""

from kumoi.kernel import log, operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import Sweep, View


def run(view: View) -> None:
    """An operation that cannot be ended stays in the queue until the next sweep, and does not stop the others."""
    for operation_id in view.read(operations.waiting_too_long):

        def give_up(tx: Transaction, operation_id: str = operation_id) -> None:
            operations.give_up(tx, view.database, operation_id)

        try:
            view.write(give_up)
        except Exception:
            log.fault(__name__, "an operation could not be taken from the queue", operation=operation_id)


QUEUE = Sweep("cloud.queue", 60.0, run)
