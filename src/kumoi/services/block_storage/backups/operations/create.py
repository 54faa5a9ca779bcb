"""Makes a backup: a copy of the volume at one instant, also while a server uses it; then from that copy the backup, or what
differs from an earlier one. The volume is free again after the first step."""

from kumoi.engines.hosts import Hosts
from kumoi.engines.volumes.interface import Volumes
from kumoi.kernel.database import Transaction
from kumoi.kernel.fences import Fence
from kumoi.kernel.operations import Context, Failed, Operation, Step
from kumoi.services.block_storage.backup_rows import store as backup_rows_store
from kumoi.services.block_storage.backup_rows.models import BackupRow, Status
from kumoi.services.block_storage.messages import store as messages_store
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.models import Status as VolumeStatus
from kumoi.services.block_storage.volumes.operations.extend import resting


def copy(context: Context) -> None:
    """The temporary snapshot has the backup's id. A backup of a snapshot needs none."""
    backup = found(context)
    if not backup["snapshot_id"]:
        volumes, fence = at(context, backup)
        volumes.snapshot(fence, backup["volume_id"], backup["id"])


def uncopy(context: Context) -> None:
    backup = found(context)
    if not backup["snapshot_id"]:
        volumes, fence = at(context, backup)
        volumes.delete_snapshot(fence, backup["id"])


def copied(context: Context, tx: Transaction) -> None:
    backup = backup_rows_store.find(tx, context.arguments["backup_id"])
    if backup is not None:
        backup_rows_store.update(tx, backup["id"], data_timestamp=backup["data_timestamp"] or tx.now)
        free(tx, backup)


def write(context: Context) -> None:
    backup = found(context)
    volumes, fence = at(context, backup)
    parent_id = backup["parent_id"]
    parent = context.read(lambda tx: backup_rows_store.find(tx, parent_id)) if parent_id else None
    if parent_id and parent is None:
        raise Failed(f"Backup {parent_id}, on which this one builds, could not be found.")
    source = backup["snapshot_id"] or backup["id"]
    context.data["bytes"] = volumes.back_up(fence, source, backup["place"], parent["place"] if parent else None)


def unwrite(context: Context) -> None:
    backup = found(context)
    volumes, fence = at(context, backup)
    volumes.delete_backup(fence, backup["place"])


def finish(context: Context, tx: Transaction) -> None:
    values = {"status": Status.AVAILABLE, "bytes": context.data["bytes"], "object_count": 1}
    backup_rows_store.update(tx, context.arguments["backup_id"], **values)


def failed(context: Context, tx: Transaction, reason: str) -> None:
    backup = backup_rows_store.find(tx, context.arguments["backup_id"])
    if backup is not None:
        backup_rows_store.update(tx, backup["id"], status=Status.ERROR, fail_reason=reason)
        free(tx, backup)
        messages_store.write(tx, context, backup["project_id"], "VOLUME_BACKUP", backup["id"], "create", reason)


CREATE = Operation(
    "backup.create",
    steps=[
        Step("copy", do=copy, record=copied, undo=uncopy, deadline=3600),
        Step("write", do=write, undo=unwrite, deadline=3600),
        Step("remove_copy", do=uncopy, record=finish, deadline=600),
    ],
    failed=failed,
)


def free(tx: Transaction, backup: BackupRow) -> None:
    """The volume gets its status back, unless another backup of it is being copied."""
    volume = volumes_store.find(tx, backup["volume_id"])
    if volume is None or backup_rows_store.being_copied(tx, volume["id"], besides=backup["id"]):
        return
    if volume["status"] == VolumeStatus.BACKING_UP:
        volumes_store.update(tx, volume["id"], status=resting(tx, volume["id"]))


def found(context: Context) -> BackupRow:
    """The row of the operation's backup; Failed if it is gone."""
    backup_id = context.arguments["backup_id"]
    row = context.read(lambda tx: backup_rows_store.find(tx, backup_id))
    if row is None:
        raise Failed(f"Backup {backup_id} could not be found.")
    return row


def at(context: Context, backup: BackupRow) -> tuple[Volumes, Fence]:
    """The volumes engine of the backup's host, and the fence for orders."""
    return context.engine(Hosts).volumes(backup["host"]), context.fence("backup", backup["id"])
