"""Copies the bytes of an active image to further stores. The image stays active meanwhile."""

from kumoi.engines.images.interface import ImagesError, ImageStore, UploadRunning
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Failed, Operation, Step
from kumoi.services.image import stores
from kumoi.services.image.data.operations.importing import LONGEST, targets
from kumoi.services.image.images import store as images_store
from kumoi.services.image.images.models import ImageDetails
from kumoi.services.image.offers import FILES


def _row(context: Context) -> ImageDetails:
    row = context.read(lambda tx: images_store.find(tx, context.arguments["image_id"]))
    if row is None:
        raise Failed("the image was deleted")
    return row


def _copy(context: Context) -> Again | None:
    row, failed = _row(context), []
    source = stores.of(context.engine, stores.names(row["store"])[0])
    for name in targets(context):
        if name in stores.names(row["store"]):
            continue
        try:
            if name == FILES and _is_lent(context):
                continue
            stores.copy(source, stores.of(context.engine, name), row)
        except UploadRunning:
            return Again(after=5.0)
        except ImagesError as error:
            if context.arguments["must_succeed"]:
                raise
            failed.append(name)
            context.data["reason"] = str(error)[:300]
    if len(failed) == len(targets(context)):
        raise Failed(context.data["reason"])
    context.data["failed"] = failed
    return None


def _is_lent(context: Context) -> bool:
    """Whether the bytes are in the folder already, because a host took them from there."""
    try:
        context.engine(ImageStore).path(context.arguments["image_id"])
    except ImagesError:
        return False
    context.data["lent"] = True
    return True


def _uncopy(context: Context) -> None:
    row = context.read(lambda tx: images_store.find(tx, context.arguments["image_id"]))
    kept = stores.names(row["store"]) if row is not None else ()
    for name in targets(context):
        if name not in kept and not (name == FILES and context.data.get("lent")):
            stores.of(context.engine, name).delete(context.arguments["image_id"])


def _copied(context: Context, tx: Transaction) -> None:
    row = images_store.find(tx, context.arguments["image_id"])
    if row is None:
        return
    failed = context.data["failed"]
    there = [*stores.names(row["store"]), *(name for name in targets(context) if name not in failed)]
    images_store.update(
        tx, row["id"], store=stores.joined(there), importing_to="", failed_import=stores.joined(failed)
    )  # fmt: skip


def _failed(context: Context, tx: Transaction, reason: str) -> None:
    row = images_store.find(tx, context.arguments["image_id"])
    if row is not None:
        failed = [name for name in targets(context) if name not in stores.names(row["store"])]
        images_store.update(tx, row["id"], importing_to="", failed_import=stores.joined(failed))


COPY = Operation("image.copy", [Step("copy", do=_copy, record=_copied, undo=_uncopy, deadline=LONGEST)], failed=_failed)
