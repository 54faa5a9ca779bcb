"""Detaches a volume. If the guest does not release it, the server keeps it."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.servers.models import CHANGEABLE
from kumoi.services.compute.servers.operations import guest
from kumoi.services.compute.volume_attachments.operations.attach import disconnect, failed, plug, release, unplug


def put_back(context: Context) -> None:
    """The guest may have released the volume later. A suspended or missing guest has not."""
    server_id = context.arguments["server_id"]
    if guest.hypervisor(context).state(server_id) in CHANGEABLE:
        plug(context)


def keep(context: Context, tx: Transaction) -> None:
    """The volume is in use again."""
    device = block_devices_store.find(tx, context.arguments["server_id"], context.arguments["volume_id"])
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
