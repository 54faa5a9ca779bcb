"""Taking a volume out of a server: the guest is asked to let go, and keeps it when it does not."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute.servers.models import CHANGEABLE
from kumoi.services.compute.servers.operations import guest
from kumoi.services.compute.volume_attachments import store
from kumoi.services.compute.volume_attachments.operations.attach import disconnect, failed, plug, release, unplug


def put_back(context: Context) -> None:
    """The guest may have let go although nobody heard it. One that is suspended, or away, has not."""
    server_id = context.arguments["server_id"]
    if guest.hypervisor(context).state(server_id) in CHANGEABLE:
        plug(context)


def keep(context: Context, tx: Transaction) -> None:
    """It is in use as before."""
    device = store.find(tx, context.arguments["server_id"], context.arguments["volume_id"])
    if device is not None and device["attachment_id"]:
        block_storage.kept(tx, device["attachment_id"])


DETACH = Operation(
    "server.detach_volume",
    steps=[
        Step("unplug", do=unplug, undo=put_back, erase=keep, deadline=90, pivot=True),
        Step("disconnect", do=disconnect, record=release),
    ],
    failed=failed,
    action="detach_volume",
)
