"""Makes an image of a volume, also while a server uses it: a temporary snapshot with the volume's own id, from which the host
writes the image's bytes into the image store."""

import msgspec

from kumoi.engines.images.interface import Stored
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.block_storage.messages import store as messages_store
from kumoi.services.block_storage.volumes import store
from kumoi.services.block_storage.volumes.operations.create import at, found
from kumoi.services.block_storage.volumes.operations.extend import resting
from kumoi.services.image import facade as images


def copy(context: Context) -> None:
    volume = found(context)
    volumes, fence = at(context, volume)
    volumes.snapshot(fence, volume["id"], volume["id"])


def uncopy(context: Context) -> None:
    volume = found(context)
    volumes, fence = at(context, volume)
    volumes.delete_snapshot(fence, volume["id"])


def export(context: Context) -> None:
    volume, asked = found(context), context.arguments
    volumes, fence = at(context, volume)
    volumes.export(fence, volume["id"], asked["image_id"], asked["disk_format"])


def discard(context: Context) -> None:
    images.discard(context, context.arguments["image_id"], context.arguments["upload"])


def measure(context: Context) -> None:
    stored = images.measure(context, context.arguments["image_id"], context.arguments["upload"])
    context.data["stored"] = msgspec.to_builtins(stored)


def settle(context: Context, tx: Transaction) -> None:
    """If the image was deleted meanwhile, its deletion removes the bytes, or the sweep of the image store does."""
    stored = msgspec.convert(context.data["stored"], Stored)
    images.finish(tx, context.arguments["image_id"], context.arguments["upload"], stored)


def finish(context: Context, tx: Transaction) -> None:
    volume_id = context.arguments["volume_id"]
    store.update(tx, volume_id, status=resting(tx, volume_id))


def failed(context: Context, tx: Transaction, reason: str) -> None:
    images.give_up(tx, context.arguments["image_id"], context.arguments["upload"])
    volume = store.find(tx, context.arguments["volume_id"])
    if volume is not None:
        store.update(tx, volume["id"], status=resting(tx, volume["id"]))
        messages_store.write(tx, context, volume["project_id"], "VOLUME", volume["id"], "upload", reason)


UPLOAD = Operation(
    "volume.upload",
    steps=[
        Step("copy", do=copy, undo=uncopy, deadline=3600),
        Step("export", do=export, undo=discard, deadline=3600),
        Step("measure", do=measure, record=settle, deadline=3600, pivot=True),
        Step("remove_copy", do=uncopy, record=finish, deadline=600),
    ],
    failed=failed,
)
