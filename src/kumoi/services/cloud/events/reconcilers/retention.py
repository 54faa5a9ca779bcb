"""Deletes events, stored replies and ended operations after their retention."""

from kumoi.kernel import events, idempotency, operations
from kumoi.kernel.reconcile import Sweep, View


def run(view: View) -> None:
    view.write(events.forget_old)
    view.write(idempotency.forget_old)
    view.write(lambda tx: operations.forget_old(tx, tx.now - events.KEPT))


RETENTION = Sweep("cloud.retention", 3600.0, run)
