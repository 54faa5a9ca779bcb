"""Plugging a volume into a server, running or not."""

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import Disk
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Operation, Step
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.servers.operations import guest

PATIENCE = 20
"""How often, once per second, a guest is asked to release a volume whose plugging failed."""


def connect(context: Context) -> None:
    fence = context.fence("server", context.arguments["server_id"])
    context.engine(Hosts).volumes(guest.host(context)).connect(fence, context.arguments["volume_id"])


def disconnect(context: Context) -> None:
    fence = context.fence("server", context.arguments["server_id"])
    context.engine(Hosts).volumes(guest.host(context)).disconnect(fence, context.arguments["volume_id"])


def disconnect_unless_kept(context: Context) -> None:
    if "kept" not in context.data:
        disconnect(context)


def release(context: Context, tx: Transaction) -> None:
    """What the request itself took."""
    device = block_devices_store.find(tx, context.arguments["server_id"], context.arguments["volume_id"])
    if device is not None:
        if device["attachment_id"]:
            block_storage.released(tx, device["attachment_id"])
        block_devices_store.delete(tx, device["id"])


def plug(context: Context) -> None:
    server_id, volume_id = context.arguments["server_id"], context.arguments["volume_id"]
    fence, name = context.fence("server", server_id), guest.host(context)
    source = context.engine(Hosts).volumes(name).connect(fence, volume_id)
    device = context.read(lambda tx: block_devices_store.find(tx, server_id, volume_id))
    disk = Disk(volume_id, source, tag=device["tag"] if device else None)
    context.data["device"] = context.engine(Hosts).hypervisor(name).attach_disk(fence, server_id, disk)


def unplug(context: Context) -> Again | None:
    server_id = context.arguments["server_id"]
    gone = guest.hypervisor(context).detach_disk(
        context.fence("server", server_id), server_id, context.arguments["volume_id"]
    )
    return None if gone else Again(1.0)


def take_out(context: Context) -> Again | None:
    """A guest that is paused, or does not release the volume, can still write to it. So it stays attached."""
    again = unplug(context)
    if again is not None and context.attempts >= PATIENCE:
        volume_id = context.arguments["volume_id"]
        context.data["kept"] = f"The guest does not release volume {volume_id}, so the volume stays attached."
        return None
    return again


def record(context: Context, tx: Transaction) -> None:
    """The device name is the one that the guest probably uses."""
    server_id, volume_id = context.arguments["server_id"], context.arguments["volume_id"]
    device = block_devices_store.find(tx, server_id, volume_id)
    if device is None:
        return
    name = context.data.get("device") or device["device_name"]
    block_devices_store.update(tx, device["id"], device_name=name)
    if device["attachment_id"]:
        block_storage.attached(tx, device["attachment_id"], name, context.arguments["host"])


def give_back(context: Context, tx: Transaction) -> None:
    """Releases what the request took, unless the guest keeps the volume."""
    if "kept" in context.data:
        record(context, tx)
    else:
        release(context, tx)


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """The server keeps its state. Its actions have the reason."""


ATTACH = Operation(
    "server.attach_volume",
    steps=[
        Step("connect", do=connect, undo=disconnect_unless_kept, erase=give_back, deadline=600),
        Step("plug", do=plug, record=record, undo=take_out, deadline=120),
    ],
    failed=failed,
    action="attach_volume",
)
