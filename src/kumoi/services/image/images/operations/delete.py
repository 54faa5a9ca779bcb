"""Deleting an image: its row went with the request, its bytes go here."""

from kumoi.engines.images.interface import ImageStore
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step


def _remove_bytes(context: Context) -> None:
    context.engine(ImageStore).delete(context.arguments["image_id"])


def _failed(context: Context, tx: Transaction, reason: str) -> None:
    """There is no row to mark; the operation stays in the audit until the bytes are gone."""


DELETE = Operation("image.delete", [Step("remove_bytes", do=_remove_bytes)], failed=_failed, forward_only=True)
