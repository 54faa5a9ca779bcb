"""Deletes the bytes of an image and its bases. The request has already deleted the row."""

from kumoi.engines.hosts import Hosts
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.image import stores
from kumoi.services.image.images import store
from kumoi.services.image.images.reconcilers import bases


def _remove_bytes(context: Context) -> None:
    for images in stores.every(context.engine).values():
        images.delete(context.arguments["image_id"])


def _drop_base(context: Context) -> None:
    """Fails while a disk uses the base. A sweep drops it later."""
    bases.drop_unused(context.engine(Hosts), context.read(store.ids_with_data))


def _failed(context: Context, tx: Transaction, reason: str) -> None:
    """There is no row to mark. The audit reports the operation until the bytes are gone."""


DELETE = Operation(
    "image.delete",
    [Step("remove_bytes", do=_remove_bytes), Step("drop_base", do=_drop_base)],
    failed=_failed,
    forward_only=True,
)
