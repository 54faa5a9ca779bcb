"""Deletes rows of deleted servers after their retention."""

from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.compute.servers import store


def forget(view: View) -> None:
    view.write(store.forget_deleted)


RETENTION_SWEEP = Sweep("compute.server_retention", 3600.0, forget)
