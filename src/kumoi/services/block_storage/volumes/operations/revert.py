"""Reverts a volume to a snapshot: creates its disk again from the snapshot, with the same id."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.block_storage import failures
from kumoi.services.block_storage.volumes import store
from kumoi.services.block_storage.volumes.models import Status
from kumoi.services.block_storage.volumes.operations.create import at, found


def replace(context: Context) -> None:
    volume = found(context)
    volumes, fence = at(context, volume)
    volumes.delete(fence, volume["id"])
    volumes.create(fence, volume["id"], volume["size"], None, context.arguments["snapshot_id"])


def finish(context: Context, tx: Transaction) -> None:
    store.update(tx, context.arguments["volume_id"], status=Status.AVAILABLE)


REVERT = Operation(
    "volume.revert",
    steps=[Step("replace", do=replace, record=finish, deadline=1800)],
    # The old disk is gone, and the snapshot exists. The volume is in error until the revert succeeds.
    failed=failures.marking(store, "volume", "revert", Status.ERROR),
    forward_only=True,
)
