"""Confirms resizes that wait for longer than the setting allows."""

from kumoi.kernel import clock
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import active_on, subject
from kumoi.kernel.reconcile import Sweep, View
from kumoi.kernel.settings import Settings
from kumoi.services.compute.migrations import store as migrations_store
from kumoi.services.compute.migrations.models import MigrationRow
from kumoi.services.compute.server_resize import logic
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.models import VmState

EVERY = 60.0


def follow(view: View) -> None:
    window = view.engine(Settings).resize_confirm_window
    if not window:
        return
    before = clock.now() - window * SECOND
    for migration in view.read(lambda tx: migrations_store.finished_before(tx, before)):
        view.write(lambda tx, migration=migration: _confirm(tx, migration))  # type: ignore[misc]


def _confirm(tx: Transaction, migration: MigrationRow) -> None:
    server = servers_store.find(tx, migration["instance_uuid"])
    if server is None or server["vm_state"] != VmState.RESIZED or server["task_state"] is not None:
        return
    if active_on(tx, subject("server", server["id"])) is None:
        origin = {
            "request_id": f"req-{tx.new_uuid()}", "user_id": server["user_id"], "project_id": server["project_id"],
        }  # fmt: skip
        logic.begin_confirmation(tx, server, migration, origin)


CONFIRMATION = Sweep("compute.resize_confirmation", EVERY, follow)
