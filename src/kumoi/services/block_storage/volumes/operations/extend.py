"""Growing a volume, also under a running server, which sees the new size."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.block_storage.attachments import store as attachments
from kumoi.services.block_storage.attachments.models import OF_VOLUME
from kumoi.services.block_storage.attachments.models import Status as AttachmentStatus
from kumoi.services.block_storage.messages import store as messages
from kumoi.services.block_storage.volumes import store
from kumoi.services.block_storage.volumes.models import Status
from kumoi.services.block_storage.volumes.operations.create import at, found


def grow(context: Context) -> None:
    volume = found(context)
    volumes, fence = at(context, volume)
    volumes.extend(fence, volume["id"], volume["size"])


def finish(context: Context, tx: Transaction) -> None:
    volume_id = context.arguments["volume_id"]
    store.update(tx, volume_id, status=resting(tx, volume_id))


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """The disk is as it was: so is the size. A volume in use goes on being used."""
    volume = store.find(tx, context.arguments["volume_id"])
    if volume is None:
        return
    status = resting(tx, volume["id"])
    if status == Status.AVAILABLE:
        status = Status.ERROR_EXTENDING
    store.update(tx, volume["id"], status=status, size=context.arguments["old_size"])
    messages.write(tx, context, volume["project_id"], "VOLUME", volume["id"], "extend", reason)


EXTEND = Operation(
    "volume.extend",
    steps=[Step("grow", do=grow, record=finish, deadline=1800)],
    failed=failed,
)


def resting(tx: Transaction, volume_id: str) -> Status:
    """The status of a volume to which nothing is being done: what its attachment says."""
    attachment = attachments.of_volume(tx, volume_id)
    return OF_VOLUME[AttachmentStatus(attachment["status"])] if attachment else Status.AVAILABLE
