"""Deletes changes after their retention."""

from kumoi.kernel import changes
from kumoi.kernel.reconcile import Sweep, View


def run(view: View) -> None:
    view.write(changes.forget_foreign)
    while view.write(changes.forget_old) == changes.PIECE:
        pass


RETENTION = Sweep("cloud.changes", 600.0, run)
