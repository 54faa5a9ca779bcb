"""Writes another image over a volume: creates its disk again, with the same id."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Operation, Step
from kumoi.services.block_storage import failures
from kumoi.services.block_storage.volumes import store
from kumoi.services.block_storage.volumes.models import Status
from kumoi.services.block_storage.volumes.operations.create import at, found
from kumoi.services.image import facade as images


def prepare_base(context: Context) -> Again | None:
    """The image's bytes on the host, unless they are there."""
    volume, image_id = found(context), context.arguments["image_id"]
    if (wait := images.lend(context, image_id)) is not None:
        return wait
    volumes, fence = at(context, volume)
    volumes.prepare_base(fence, image_id, context.arguments["disk_format"])
    return None


def replace(context: Context) -> None:
    volume = found(context)
    volumes, fence = at(context, volume)
    volumes.delete(fence, volume["id"])
    volumes.create(fence, volume["id"], volume["size"], context.arguments["image_id"], None)


def finish(context: Context, tx: Transaction) -> None:
    asked = context.arguments
    values = {"image_id": asked["image_id"], "image_metadata": asked["image_metadata"], "bootable": True}
    store.update(tx, asked["volume_id"], status=Status.AVAILABLE, **values)


REIMAGE = Operation(
    "volume.reimage",
    steps=[
        Step("prepare_base", do=prepare_base, deadline=3600, durable=False),
        Step("replace", do=replace, record=finish, deadline=1800),
    ],
    # The old disk may be gone. The volume is in error until it can be written.
    failed=failures.marking(store, "volume", "reimage", Status.ERROR),
    forward_only=True,
)
