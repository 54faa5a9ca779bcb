"""Removes the bytes of an image from one of its stores. The request has already taken the store from the row."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.image import stores


def _remove(context: Context) -> None:
    stores.of(context.engine, context.arguments["store"]).delete(context.arguments["image_id"])


def _failed(context: Context, tx: Transaction, reason: str) -> None:
    """The row names the store no more. The audit reports the operation until the bytes are gone."""


REMOVE = Operation("image.remove", [Step("remove", do=_remove)], failed=_failed, forward_only=True)
