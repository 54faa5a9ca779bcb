"""Takes shelved servers off their hosts after the time of the setting."""

from kumoi.kernel import clock
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import active_on, subject
from kumoi.kernel.reconcile import Sweep, View
from kumoi.kernel.settings import Settings
from kumoi.services.compute.server_shelving.operations.offload import OFFLOAD
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import TaskState, VmState

EVERY = 60.0


def follow(view: View) -> None:
    wait = view.engine(Settings).shelved_offload_time
    if wait <= 0:
        return
    before = clock.now() - wait * SECOND
    for server_id in view.read(lambda tx: servers_store.shelved_before(tx, before)):
        view.write(lambda tx, server_id=server_id: _offload(tx, server_id))  # type: ignore[misc]


def _offload(tx: Transaction, server_id: str) -> None:
    server = servers_store.find(tx, server_id)
    if server is None or server["vm_state"] != VmState.SHELVED or server["task_state"] is not None:
        return
    if active_on(tx, subject("server", server_id)) is None:
        origin = {
            "request_id": f"req-{tx.new_uuid()}", "user_id": server["user_id"], "project_id": server["project_id"],
        }  # fmt: skip
        changes.begin(tx, server, OFFLOAD, TaskState.SHELVING_OFFLOADING, origin)


OFFLOADING = Sweep("compute.shelved_offload", EVERY, follow)
