"""Deletes messages after their retention."""

from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.block_storage.messages import store


def forget(view: View) -> None:
    view.write(store.forget_old)


RETENTION_SWEEP = Sweep("block_storage.message_retention", 3600.0, forget)
