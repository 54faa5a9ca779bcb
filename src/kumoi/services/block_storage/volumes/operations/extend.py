"""Growing a volume, also under a running server, which sees the new size."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Operation, Step
from kumoi.services.block_storage.attachment_rows import store as attachment_rows_store
from kumoi.services.block_storage.attachment_rows.models import Status as AttachmentStatus
from kumoi.services.block_storage.messages import store as messages_store
from kumoi.services.block_storage.volumes import store
from kumoi.services.block_storage.volumes.models import WITH_ATTACHMENT, Status
from kumoi.services.block_storage.volumes.operations.create import at, found

GIB = 1 << 30


def grow(context: Context) -> None:
    volume = found(context)
    volumes, fence = at(context, volume)
    volumes.extend(fence, volume["id"], volume["size"])


def finish(context: Context, tx: Transaction) -> None:
    volume_id = context.arguments["volume_id"]
    store.update(tx, volume_id, status=resting(tx, volume_id))


def measure(context: Context) -> Again | None:
    """Read the real size of the disk, because an order whose answer was lost may have been executed, and a disk does
    not shrink.

    First release the lease: the call then has the next generation, after which the host executes no earlier order.
    """
    if context.attempts == 0:
        return Again(0.2)
    volume = found(context)
    volumes, fence = at(context, volume)
    size = volumes.virtual_size(fence, volume["id"])
    context.data["size"] = context.arguments["old_size"] if size is None else -(-size // GIB)
    return None


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """The row gets the size of the disk. While that is unknown, it keeps the requested size, for which quota was taken.
    If the disk did grow, the volume is all right. A volume in use stays in use."""
    volume = store.find(tx, context.arguments["volume_id"])
    if volume is None:
        return
    status, size = resting(tx, volume["id"]), context.data.get("size")
    if size is not None and size >= volume["size"]:
        store.update(tx, volume["id"], status=status)
        return
    if status == Status.AVAILABLE:
        status = Status.ERROR_EXTENDING
    store.update(tx, volume["id"], status=status, size=volume["size"] if size is None else size)
    messages_store.write(tx, context, volume["project_id"], "VOLUME", volume["id"], "extend", reason)


EXTEND = Operation(
    "volume.extend",
    steps=[Step("grow", do=grow, record=finish, undo=measure, deadline=1800)],
    failed=failed,
    action="extend_volume",
)


def resting(tx: Transaction, volume_id: str) -> Status:
    """The status of a volume without an active operation: that of its attachment."""
    attachment = attachment_rows_store.of_volume(tx, volume_id)
    return WITH_ATTACHMENT[AttachmentStatus(attachment["status"])] if attachment else Status.AVAILABLE
