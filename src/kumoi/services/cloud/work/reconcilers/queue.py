"""Ends operations that wait too long in the queue (for example behind a dead host) and releases what they took."""

from kumoi.kernel import operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import Sweep, View


def run(view: View) -> None:
    for operation_id in view.read(operations.waiting_too_long):

        def give_up(tx: Transaction, operation_id: str = operation_id) -> None:
            operations.give_up(tx, view.database, operation_id)

        view.write(give_up)


QUEUE = Sweep("cloud.queue", 60.0, run)
