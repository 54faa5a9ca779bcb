"""Deletes a snapshot, also one in creation."""

from kumoi.engines.hosts import Hosts
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.block_storage import failures
from kumoi.services.block_storage.deadlines import TURN
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.snapshot_rows.models import Status


def remove(context: Context) -> None:
    """If the row is gone, the operation's arguments contain the host."""
    snapshot_id = context.arguments["snapshot_id"]
    snapshot = context.read(lambda tx: snapshot_rows_store.find(tx, snapshot_id))
    host = context.arguments.get("host") if snapshot is None else snapshot["host"]
    if host is not None:
        volumes = context.engine(Hosts).volumes(host)
        volumes.delete_snapshot(context.fence("snapshot", snapshot_id), snapshot_id)


def forget(context: Context, tx: Transaction) -> None:
    snapshot_rows_store.delete(tx, context.arguments["snapshot_id"])


DELETE = Operation(
    "snapshot.delete",
    steps=[Step("remove", do=remove, record=forget, deadline=120, turn=TURN)],
    failed=failures.marking(snapshot_rows_store, "snapshot", "delete", Status.ERROR_DELETING),
    forward_only=True,
)
