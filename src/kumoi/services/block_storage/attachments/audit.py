"""Reports volumes that are reserved without an attachment, and attachments without an operation."""

from typing import Any

from kumoi.kernel import operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import subject
from kumoi.kernel.reconcile import View
from kumoi.services.block_storage.attachment_rows import store as attachment_rows_store
from kumoi.services.block_storage.attachment_rows.models import Status
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.models import HELD


def differences(view: View) -> list[dict[str, Any]]:
    return view.read(_differences)


def _differences(tx: Transaction) -> list[dict[str, Any]]:
    rows, busy = attachment_rows_store.every(tx), frozenset(operations.held(tx))
    attached = {row["volume_id"] for row in rows}
    found = []
    for volume in volumes_store.every(tx):
        if volume["status"] in HELD and volume["id"] not in attached:
            found.append(_problem("volume", volume["id"], f"it is {volume['status']}, and it has no attachment"))
    for row in rows:
        moving = row["by_compute"] and row["status"] != Status.ATTACHED
        if moving and not busy & {subject("volume", row["volume_id"]), subject("server", row["server_id"] or "")}:
            problem = f"volume {row['volume_id']} is {row['status']} for server {row['server_id']}, and nothing is done"
            found.append(_problem("attachment", row["id"], problem))
    return found


def _problem(kind: str, row_id: str, problem: str) -> dict[str, Any]:
    return {"service": "block_storage", "kind": kind, "id": row_id, "problem": problem}
