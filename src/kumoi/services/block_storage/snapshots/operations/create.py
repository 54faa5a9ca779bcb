"""Making a snapshot: a copy of the volume's disk, also while a server uses it."""

from kumoi.engines.hosts import Hosts
from kumoi.engines.volumes.interface import Volumes
from kumoi.kernel.database import Transaction
from kumoi.kernel.fences import Fence
from kumoi.kernel.operations import Context, Failed, Operation, Step
from kumoi.services.block_storage import failures
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.snapshot_rows.models import SnapshotRow, Status

GIB = 1 << 30


def copy(context: Context) -> None:
    snapshot = found(context)
    volumes, fence = at(context, snapshot)
    context.data["size"] = -(-volumes.snapshot(fence, snapshot["volume_id"], snapshot["id"]) // GIB)


def remove(context: Context) -> None:
    snapshot = found(context)
    volumes, fence = at(context, snapshot)
    volumes.delete_snapshot(fence, snapshot["id"])


def finish(context: Context, tx: Transaction) -> None:
    """The volume may have grown between the request and the copy."""
    snapshot_rows_store.update(tx, context.arguments["snapshot_id"], status=Status.AVAILABLE, size=context.data["size"])


CREATE = Operation(
    "snapshot.create",
    steps=[Step("copy", do=copy, record=finish, undo=remove, deadline=3600)],
    failed=failures.marking(snapshot_rows_store, "snapshot", "create", Status.ERROR),
)


def found(context: Context) -> SnapshotRow:
    """The row of the operation's snapshot; Failed if it is gone."""
    snapshot_id = context.arguments["snapshot_id"]
    row = context.read(lambda tx: snapshot_rows_store.find(tx, snapshot_id))
    if row is None:
        raise Failed(f"Snapshot {snapshot_id} could not be found.")
    return row


def at(context: Context, snapshot: SnapshotRow) -> tuple[Volumes, Fence]:
    """The volumes engine of the snapshot's host, and the fence for orders."""
    return context.engine(Hosts).volumes(snapshot["host"]), context.fence("snapshot", snapshot["id"])
