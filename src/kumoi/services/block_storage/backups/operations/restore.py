"""Writes a backup over an existing volume. The volume keeps its old content until the new one is complete."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.block_storage.backup_rows import store as backup_rows_store
from kumoi.services.block_storage.messages import store as messages_store
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.models import Status as VolumeStatus
from kumoi.services.block_storage.volumes.operations.create import at, found


def write(context: Context) -> None:
    volume = found(context)
    volumes, fence = at(context, volume)
    volumes.restore(fence, volume["id"], volume["size"], context.arguments["place"])


def finish(context: Context, tx: Transaction) -> None:
    volume_id, had = context.arguments["volume_id"], context.arguments["volume"]
    values = {name: had[name] for name in ("metadata", "image_metadata", "bootable") if name in had}
    volumes_store.update(tx, volume_id, status=VolumeStatus.AVAILABLE, **values)
    backup_rows_store.release(tx, volume_id)


def failed(context: Context, tx: Transaction, reason: str) -> None:
    volume = volumes_store.find(tx, context.arguments["volume_id"])
    backup_rows_store.release(tx, context.arguments["volume_id"])
    if volume is not None:
        volumes_store.update(tx, volume["id"], status=VolumeStatus.ERROR_RESTORING)
        backup_id = context.arguments["backup_id"]
        messages_store.write(tx, context, volume["project_id"], "VOLUME_BACKUP", backup_id, "restore", reason)


RESTORE = Operation("backup.restore", steps=[Step("write", do=write, record=finish, deadline=3600)], failed=failed)
