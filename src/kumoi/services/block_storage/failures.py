"""Marks the volume or snapshot of a failed operation, and tells its owner why."""

from collections.abc import Callable
from types import ModuleType

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context
from kumoi.services.block_storage.messages import store as messages_store


def marking(store: ModuleType, kind: str, action: str, status: str) -> Callable[[Context, Transaction, str], None]:
    """The `failed` of an operation on a `volume` or `snapshot`: sets its status and writes a message."""

    def failed(context: Context, tx: Transaction, reason: str) -> None:
        row = store.find(tx, context.arguments[f"{kind}_id"])
        if row is not None:
            store.update(tx, row["id"], status=status)
            resource_type = {"volume": "VOLUME", "snapshot": "VOLUME_SNAPSHOT"}[kind]
            messages_store.write(tx, context, row["project_id"], resource_type, row["id"], action, reason)

    return failed
