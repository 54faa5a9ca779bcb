"""Deletes a backup, also one in creation. Its bytes stay while another backup has them, as after an import."""

from kumoi.engines.hosts import Hosts
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.block_storage.backup_rows import store as backup_rows_store
from kumoi.services.block_storage.backup_rows.models import Status
from kumoi.services.block_storage.deadlines import TURN
from kumoi.services.block_storage.messages import store as messages_store


def remove(context: Context) -> None:
    """If the row is gone, the operation's arguments contain the host, and the id is the place of unknown bytes."""
    backup_id = context.arguments["backup_id"]
    backup = context.read(lambda tx: backup_rows_store.find(tx, backup_id))
    host = context.arguments.get("host") if backup is None else backup["host"]
    if host is None:
        return
    volumes, fence = context.engine(Hosts).volumes(host), context.fence("backup", backup_id)
    volumes.delete_snapshot(fence, backup_id)
    if backup is None:
        volumes.delete_backup(fence, backup_id)
    elif not context.read(lambda tx: backup_rows_store.shared(tx, backup)):
        volumes.delete_backup(fence, backup["place"])


def forget(context: Context, tx: Transaction) -> None:
    backup_rows_store.delete(tx, context.arguments["backup_id"])


def failed(context: Context, tx: Transaction, reason: str) -> None:
    backup = backup_rows_store.find(tx, context.arguments["backup_id"])
    if backup is not None:
        backup_rows_store.update(tx, backup["id"], status=Status.ERROR_DELETING)
        messages_store.write(tx, context, backup["project_id"], "VOLUME_BACKUP", backup["id"], "delete", reason)


DELETE = Operation(
    "backup.delete",
    steps=[Step("remove", do=remove, record=forget, deadline=120, turn=TURN)],
    failed=failed,
    forward_only=True,
)
