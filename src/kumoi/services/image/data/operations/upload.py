"""Guards an upload: the streams process receives the bytes; should it die, the image is queued again."""

from kumoi.kernel import clock
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Failed, Operation, Step
from kumoi.services.image import stores
from kumoi.services.image.images import store as images_store
from kumoi.services.image.images.models import QUEUED
from kumoi.services.image.offers import FILES

SILENT_AFTER = 60.0
"""Seconds without a sign of the receiver until an upload counts as cut off."""
LONGEST = 7 * 24 * 3600.0


def _watch(context: Context) -> Again | None:
    row = context.read(lambda tx: images_store.find(tx, context.arguments["image_id"]))
    if row is None or row["upload"] != context.id:
        return None
    if clock.now() - (row["upload_seen_at"] or 0) > SILENT_AFTER * SECOND:
        raise Failed("the upload was cut off")
    return Again(after=5.0)


def _remove(context: Context) -> None:
    """A receiver that wakes up later finds that its file is gone, and cannot finish."""
    row = context.read(lambda tx: images_store.find(tx, context.arguments["image_id"]))
    if row is None or row["upload"] == context.id:
        # An operation of an older version names no store.
        stores.of(context.engine, context.arguments.get("store", FILES)).delete(context.arguments["image_id"])


def _failed(context: Context, tx: Transaction, reason: str) -> None:
    row = images_store.find(tx, context.arguments["image_id"])
    if row is not None and row["upload"] == context.id:
        images_store.update(tx, row["id"], status=QUEUED, upload=None, upload_seen_at=None, store=None)


UPLOAD = Operation("image.upload", [Step("receive", do=_watch, undo=_remove, deadline=LONGEST)], failed=_failed)
