"""Deletes a volume, with its snapshots if requested, from any partial state. Supersedes an active operation."""

from kumoi.engines.hosts import Hosts
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.block_storage.deadlines import TURN
from kumoi.services.block_storage.messages import store as messages_store
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.snapshot_rows.models import Status as SnapshotStatus
from kumoi.services.block_storage.volumes import store
from kumoi.services.block_storage.volumes.models import Status


def remove(context: Context) -> None:
    """If no host was chosen, there is no disk. If the row is gone, the operation's arguments contain the host. The
    snapshot with the volume's own id belongs to an incomplete copy.

    Each snapshot is deleted with its own fence, so that a late order to create it is refused.
    """
    volume_id = context.arguments["volume_id"]
    volume = context.read(lambda tx: store.find(tx, volume_id))
    host = context.arguments.get("host") if volume is None else volume["host"]
    if host is None:
        return
    volumes, fence = context.engine(Hosts).volumes(host), context.fence("volume", volume_id)
    for snapshot in context.read(lambda tx: snapshot_rows_store.of_volume(tx, volume_id)):
        volumes.delete_snapshot(context.fence("snapshot", snapshot["id"]), snapshot["id"])
    volumes.delete(fence, volume_id)
    volumes.delete_snapshot(fence, volume_id)


def forget(context: Context, tx: Transaction) -> None:
    volume_id = context.arguments["volume_id"]
    snapshot_rows_store.delete_of_volume(tx, volume_id)
    store.delete(tx, volume_id)


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """The operation is retried. The owner can read the reason meanwhile."""
    volume = store.find(tx, context.arguments["volume_id"])
    if volume is None:
        return
    store.update(tx, volume["id"], status=Status.ERROR_DELETING)
    for snapshot in snapshot_rows_store.of_volume(tx, volume["id"]):
        snapshot_rows_store.update(tx, snapshot["id"], status=SnapshotStatus.ERROR_DELETING)
    messages_store.write(tx, context, volume["project_id"], "VOLUME", volume["id"], "delete", reason)


DELETE = Operation(
    "volume.delete",
    steps=[Step("remove", do=remove, record=forget, deadline=120, turn=TURN)],
    failed=failed,
    forward_only=True,
)
