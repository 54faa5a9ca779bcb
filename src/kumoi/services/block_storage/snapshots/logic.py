"""Which snapshots may be made, changed and deleted, and what that starts."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.block_storage.errors import SnapshotNotFound
from kumoi.services.block_storage.snapshots import store


def visible(tx: Transaction, who: Who, snapshot_id: str) -> dict[str, Any]:
    """The row; SnapshotNotFound for what is another project's."""
    row = store.find(tx, snapshot_id)
    if row is None or not who.sees(row["project_id"]):
        raise SnapshotNotFound(snapshot_id)
    return row
