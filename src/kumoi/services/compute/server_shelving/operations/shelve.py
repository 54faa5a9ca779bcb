"""Shelves a server: it stops, and its root disk becomes an image."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.kernel.settings import Settings
from kumoi.services.compute.server_actions.operations import stop
from kumoi.services.compute.server_images.operations.create import COPY, remove_copy
from kumoi.services.compute.server_shelving.operations.offload import OFFLOAD
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import PowerState, TaskState, VmState
from kumoi.services.compute.servers.operations import create, guest
from kumoi.services.image.facade import filling


def start_again(context: Context) -> None:
    if context.arguments["was"] == VmState.ACTIVE:
        guest.start(context)


def shelved(context: Context, tx: Transaction) -> None:
    """With the usual setting the server leaves its host as soon as this operation ends."""
    server_id = context.arguments["server_id"]
    servers_store.update(
        tx, server_id, vm_state=VmState.SHELVED, power_state=PowerState.SHUTDOWN, task_state=None, shelved_at=tx.now
    )
    if context.engine(Settings).shelved_offload_time == 0:
        server = guest.found(context, tx)
        changes.begin(tx, server, OFFLOAD, TaskState.SHELVING_OFFLOADING, create.origin(context))


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """The server is as before, but memory of a paused or suspended guest is gone. After the image is complete the rest is
    retried."""
    server = guest.found(context, tx)
    if filling.filled(tx, context.arguments["image_id"]):
        return
    filling.discard(tx, context.arguments["image_id"], create.origin(context), unfilled=True)
    was = context.arguments["was"]
    lost = context.began and was in (VmState.PAUSED, VmState.SUSPENDED)
    values = {"vm_state": VmState.STOPPED, "power_state": PowerState.SHUTDOWN} if lost else {}
    servers_store.update(tx, server["id"], task_state=None, shelved_image_id=None, **values)


SHELVE = Operation(
    "server.shelve",
    steps=[
        Step("shut_down", do=stop.shut_down, undo=start_again, deadline=stop.PATIENCE + guest.TURN),
        *COPY,
        Step("remove_copy", do=remove_copy, record=shelved, turn=guest.TURN),
    ],
    failed=failed,
    action="shelve",
)
