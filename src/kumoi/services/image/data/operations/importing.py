"""Moves staged bytes to the store that an import names. The image is active once they are there and nowhere else."""

from kumoi.engines.images.interface import UploadRunning
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Failed, Operation, Step
from kumoi.services.image import stores
from kumoi.services.image.images import store as images_store
from kumoi.services.image.images.models import ACTIVE, IMPORTING, UPLOADING, ImageDetails
from kumoi.services.image.offers import STORE

LONGEST = 24 * 3600.0


def _found(context: Context) -> ImageDetails:
    row = context.read(lambda tx: images_store.find(tx, context.arguments["image_id"]))
    if row is None:
        raise Failed("the image was deleted")
    if row["status"] != IMPORTING:
        # A runner that slept while another one undid the import must not copy after that.
        raise Failed("the import has ended")
    return row


def _copy(context: Context) -> Again | None:
    row = _found(context)
    staged, target = stores.of(context.engine, STORE), stores.of(context.engine, context.arguments["store"])
    try:
        stores.copy(staged, target, row["id"], row["os_hash_value"])
    except UploadRunning:
        return Again(after=5.0)
    return None


def _uncopy(context: Context) -> None:
    stores.of(context.engine, context.arguments["store"]).delete(context.arguments["image_id"])


def _copied(context: Context, tx: Transaction) -> None:
    images_store.update(tx, context.arguments["image_id"], store=context.arguments["store"])


def _remove_staged(context: Context) -> None:
    stores.of(context.engine, STORE).delete(context.arguments["image_id"])


def _finish(context: Context, tx: Transaction) -> None:
    images_store.update(tx, context.arguments["image_id"], status=ACTIVE)


def _failed(context: Context, tx: Transaction, reason: str) -> None:
    """The bytes are staged as before, unless they were moved already."""
    row = images_store.find(tx, context.arguments["image_id"])
    if row is not None and row["status"] == IMPORTING and row["store"] == STORE:
        images_store.update(tx, row["id"], status=UPLOADING)


IMPORT = Operation(
    "image.import",
    [
        Step("copy", do=_copy, record=_copied, undo=_uncopy, deadline=LONGEST, pivot=True),
        Step("remove_staged", do=_remove_staged, record=_finish),
    ],
    failed=_failed,
)
