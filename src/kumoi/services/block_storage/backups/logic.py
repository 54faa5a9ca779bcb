"""Checks which backups may be made, restored, changed and deleted, and starts the operations."""

import base64
from collections.abc import Mapping
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec

from kumoi.kernel import operations, quotas
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Busy
from kumoi.kernel.operations import subject
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.backup_rows import store as backup_rows_store
from kumoi.services.block_storage.backup_rows.models import BackupRow, Status
from kumoi.services.block_storage.backup_rows.models import backups as table
from kumoi.services.block_storage.backups import filters
from kumoi.services.block_storage.backups.operations import create as creations
from kumoi.services.block_storage.backups.operations.create import CREATE
from kumoi.services.block_storage.backups.operations.delete import DELETE
from kumoi.services.block_storage.backups.operations.restore import RESTORE
from kumoi.services.block_storage.errors import InvalidBackup, InvalidInput, InvalidSnapshot, InvalidVolume
from kumoi.services.block_storage.fields import MOST_IMAGE_METADATA, Key, Metadata
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.snapshot_rows.models import SnapshotRow
from kumoi.services.block_storage.snapshot_rows.models import Status as SnapshotStatus
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.logic import changes, creation
from kumoi.services.block_storage.volumes.models import AVAILABILITY_ZONE, VolumeRow
from kumoi.services.block_storage.volumes.models import Status as VolumeStatus

CONTAINER = "volumebackups"
SERVICE = "cinder.backup.drivers.kumoi.FolderBackupDriver"
"""The name of the store in exported records. Cinder's clients expect a path below its drivers."""

LATEST = 253_402_300_799 * SECOND
"""The last instant of the year 9999."""

visible = backup_rows_store.rows.visible


class Kept(msgspec.Struct, kw_only=True):
    """What a restored volume gets besides its content. What a record does not tell stays as it is."""

    metadata: Metadata | msgspec.UnsetType = msgspec.UNSET
    image_metadata: Annotated[dict[Key, str], msgspec.Meta(max_length=MOST_IMAGE_METADATA)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    bootable: bool | msgspec.UnsetType = msgspec.UNSET


class Exported(msgspec.Struct, kw_only=True):
    """The content of an exported record, which an admin may change before it is imported."""

    id: str
    place: str
    host: str
    volume_id: str
    size: int
    name: str | None = None
    description: str | None = None
    container: str = CONTAINER
    object_count: int = 1
    bytes: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    parent_place: str | None = None
    data_timestamp: Annotated[int, msgspec.Meta(ge=0, le=LATEST)] | None = None
    metadata: Metadata = {}
    volume: Kept = msgspec.field(default_factory=Kept)


def own(tx: Transaction, who: Who, backup_id: str) -> BackupRow:
    return backup_rows_store.rows.own(tx, who, backup_id, "backup:update")


def page(tx: Transaction, who: Who, query: filters.ListQuery) -> list[BackupRow]:
    marker = visible(tx, who, query.marker) if query.marker else None
    order = listing.order(table, query, filters.SORT_KEYS)
    return backup_rows_store.list_of(tx, filters.conditions(who, query), order, marker, query.length, query.offset or 0)


def count(tx: Transaction, who: Who, query: filters.ListQuery) -> int:
    """On all pages."""
    return backup_rows_store.count(tx, filters.conditions(who, query))


def needed(tx: Transaction, rows: list[BackupRow]) -> set[str]:
    """The ids of those on which other backups build."""
    return backup_rows_store.with_dependents(tx, [row["id"] for row in rows])


def create(
    tx: Transaction, who: Who, volume: VolumeRow, origin: Mapping[str, Any], *, name: str | None,
    description: str | None, container: str | None, snapshot_id: str | None, metadata: Mapping[str, str] | None,
    zone: str | None, incremental: bool, force: bool,
) -> BackupRow:  # fmt: skip
    """Take quota, create the row in the caller's project and start the operation. `force`: also while the volume is in
    use."""
    owner = who.project_id or volume["project_id"]
    if zone not in (None, "", AVAILABILITY_ZONE):
        raise InvalidInput(f"Availability zone '{zone}' is invalid.")
    snapshot = _snapshot(tx, volume, snapshot_id) if snapshot_id else None
    if snapshot is None:
        allowed = (VolumeStatus.AVAILABLE, VolumeStatus.IN_USE) if force else (VolumeStatus.AVAILABLE,)
        if volume["status"] not in allowed:
            raise InvalidVolume(
                f"The volume to be backed up must be {' or '.join(allowed)}, but the current status is"
                f" '{volume['status']}'."
            )
    host = volume["host"] if snapshot is None else snapshot["host"]
    if host is None:
        raise InvalidVolume(f"Volume {volume['id']} is on no host.")
    before = snapshot["created_at"] if snapshot else None
    parent = backup_rows_store.newest(tx, owner, volume["id"], host, before) if incremental else None
    if incremental and parent is None:
        raise InvalidBackup("No backups available to do an incremental backup.")
    size = volume["size"] if snapshot is None else snapshot["size"]
    quotas.take(tx, "block_storage", owner, {"backups": 1, "backup_gigabytes": size})
    backup_id = tx.new_uuid()
    row = backup_rows_store.insert(
        tx,
        BackupRow(
            id=backup_id,
            project_id=owner,
            user_id=who.user_id,
            volume_id=volume["id"],
            snapshot_id=snapshot["id"] if snapshot else None,
            parent_id=parent["id"] if parent else None,
            name=name,
            description=description,
            size=size,
            status=Status.CREATING,
            container=container or CONTAINER,
            object_count=0,
            bytes=0,
            fail_reason=None,
            host=host,
            place=backup_id,
            data_timestamp=snapshot["created_at"] if snapshot else None,
            availability_zone=AVAILABILITY_ZONE,
            metadata=dict(metadata or {}),
            volume={
                "metadata": volume["metadata"],
                "image_metadata": volume["image_metadata"],
                "bootable": volume["bootable"],
            },
            restored_to=None,
            created_at=tx.now,
            updated_at=tx.now,
        ),
    )
    if snapshot is None:
        volumes_store.update(tx, volume["id"], status=VolumeStatus.BACKING_UP)
    operations.begin(tx, CREATE, [subject("backup", backup_id)], {"backup_id": backup_id}, **origin)
    return row


def _snapshot(tx: Transaction, volume: VolumeRow, snapshot_id: str) -> SnapshotRow:
    snapshot = snapshot_rows_store.find(tx, snapshot_id)
    if (
        snapshot is None
        or snapshot["volume_id"] != volume["id"]
        # After a transfer without snapshots, these belong to the old owner still.
        or snapshot["project_id"] != volume["project_id"]
    ):
        raise InvalidSnapshot(f"{snapshot_id[:255]} is no snapshot of volume {volume['id']}.")
    if snapshot["status"] != SnapshotStatus.AVAILABLE:
        raise InvalidSnapshot(
            f"Snapshot {snapshot_id} status must be available to be backed up, but is {snapshot['status']}."
        )
    return snapshot


def restore(
    tx: Transaction, who: Who, backup: BackupRow, volume_id: str | None, name: str | None, origin: Mapping[str, Any]
) -> VolumeRow:
    """Into an existing volume of at least its size, or into a new one."""
    if backup["status"] != Status.AVAILABLE:
        raise InvalidBackup(f"Backup status must be available, but is {backup['status']}.")
    if not volume_id:
        named = name or f"restore_backup_{backup['id']}"
        return creation.create(tx, who, creation.Wanted(name=named, backup_id=backup["id"]), origin)
    volume = changes.own(tx, who, volume_id)
    if volume["status"] != VolumeStatus.AVAILABLE:
        raise InvalidVolume(f"Volume to be restored to must be available, but is {volume['status']}.")
    if volume["size"] < backup["size"]:
        raise InvalidVolume(
            f"volume size {volume['size']} is too small to restore backup of size {backup['size']}."
        )  # fmt: skip
    if volume["host"] != backup["host"]:
        raise InvalidVolume(f"Volume {volume_id} is on another host than the backup.")
    if copy := volumes_store.being_copied(tx, volume_id=volume["id"]):
        raise InvalidVolume(f"Volume {volume['id']} is just being copied to volume {copy}.")
    volumes_store.update(tx, volume["id"], status=VolumeStatus.RESTORING_BACKUP)
    backup_rows_store.update(tx, backup["id"], status=Status.RESTORING, restored_to=volume["id"])
    arguments = {
        "volume_id": volume["id"], "backup_id": backup["id"], "place": backup["place"], "volume": backup["volume"],
    }  # fmt: skip
    operations.begin(tx, RESTORE, [subject("volume", volume["id"])], arguments, **origin)
    return volume


def update(tx: Transaction, backup: BackupRow, values: Mapping[str, Any]) -> BackupRow:
    """The row with name, description or metadata changed."""
    if not values:
        raise BadRequest("backup: one of name, description and metadata must be given.")
    backup_rows_store.update(tx, backup["id"], **values)
    return cast(BackupRow, {**backup, **values, "updated_at": tx.now})


def delete(tx: Transaction, backup: BackupRow, origin: Mapping[str, Any], *, force: bool = False) -> None:
    """Start the deletion. `force`: also of a backup in creation."""
    backup_id = backup["id"]
    allowed = {Status.AVAILABLE, Status.ERROR, Status.ERROR_DELETING, Status.DELETING}
    if backup["status"] not in allowed and not force:
        raise InvalidBackup(f"Backup status must be available or error, but is {backup['status']}.")
    if backup["status"] == Status.RESTORING:
        raise InvalidBackup(f"Backup {backup_id} is just being restored to volume {backup['restored_to']}.")
    if backup_rows_store.with_dependents(tx, [backup_id]):
        raise InvalidBackup("Incremental backups exist for this backup.")
    if copy := volumes_store.being_copied(tx, backup_id=backup_id):
        raise InvalidBackup(f"Backup {backup_id} is just being restored to volume {copy}.")
    if backup["status"] == Status.CREATING:
        creations.free(tx, backup)
    backup_rows_store.update(tx, backup_id, status=Status.DELETING)
    operations.supersede(tx, DELETE, [subject("backup", backup_id)], {"backup_id": backup_id}, **origin)


def reset_status(tx: Transaction, backup: BackupRow, status: str) -> None:
    """An admin sets the status. Refused while an operation is active, because it would overwrite the status."""
    if status not in (Status.AVAILABLE, Status.ERROR):
        raise InvalidInput(f"status: '{status[:50]}' is neither available nor error.")
    if busy := operations.active_on(tx, subject("backup", backup["id"])):
        raise Busy(f"Backup {backup['id']} is busy: {busy.replace('.', ' ')} is in progress.")
    if backup["status"] == Status.RESTORING:
        raise InvalidBackup(f"Backup {backup['id']} is just being restored to volume {backup['restored_to']}.")
    backup_rows_store.update(tx, backup["id"], status=status)


def export(tx: Transaction, backup: BackupRow) -> tuple[str, str]:
    """The service and the URL of its record."""
    if backup["status"] != Status.AVAILABLE:
        raise InvalidBackup(f"Backup status must be available and not {backup['status']}.")
    parent = backup_rows_store.find(tx, backup["parent_id"]) if backup["parent_id"] else None
    record = Exported(
        id=backup["id"], place=backup["place"], host=backup["host"], volume_id=backup["volume_id"],
        size=backup["size"], name=backup["name"], description=backup["description"], container=backup["container"],
        object_count=backup["object_count"], bytes=backup["bytes"], parent_place=parent["place"] if parent else None,
        data_timestamp=backup["data_timestamp"], metadata=backup["metadata"],
        volume=msgspec.convert(backup["volume"], Kept),
    )  # fmt: skip
    return SERVICE, base64.b64encode(msgspec.json.encode(record)).decode()


def import_record(tx: Transaction, who: Who, record: Exported) -> BackupRow:
    """A row in the caller's project for a backup whose bytes are on a host. Rows of the same bytes share them."""
    if who.project_id is None:
        raise BadRequest("Backups belong to a project: use a token with a project's scope.")
    if backup_rows_store.find(tx, record.id) is not None:
        raise InvalidBackup(f"Backup already exists in database: {record.id}.")
    parent = backup_rows_store.at(tx, record.parent_place) if record.parent_place else None
    if record.parent_place and parent is None:
        raise InvalidBackup("Import the backup on which this incremental one builds first.")
    quotas.take(tx, "block_storage", who.project_id, {"backups": 1, "backup_gigabytes": record.size})
    return backup_rows_store.insert(
        tx,
        BackupRow(
            id=record.id,
            project_id=who.project_id,
            user_id=who.user_id,
            volume_id=record.volume_id,
            snapshot_id=None,
            parent_id=parent["id"] if parent else None,
            name=record.name,
            description=record.description,
            size=record.size,
            status=Status.AVAILABLE,
            container=record.container,
            object_count=record.object_count,
            bytes=record.bytes,
            fail_reason=None,
            host=record.host,
            place=record.place,
            data_timestamp=record.data_timestamp,
            availability_zone=AVAILABILITY_ZONE,
            metadata=record.metadata,
            volume=msgspec.to_builtins(record.volume),
            restored_to=None,
            created_at=tx.now,
            updated_at=tx.now,
        ),
    )


def record(service: str, url: str) -> Exported:
    """What a record says; InvalidInput."""
    if service != SERVICE:
        raise InvalidInput(f"backup_service: '{service[:100]}' is none that this cloud reads.")
    try:
        found = msgspec.json.decode(base64.b64decode(url, validate=True), type=Exported)
    except (ValueError, msgspec.DecodeError):
        raise InvalidInput("backup_url: it is no record of a backup.") from None
    for name in ("id", "place", "volume_id", "parent_place"):
        if name == "parent_place" and not found.parent_place:
            continue
        try:
            if str(UUID(getattr(found, name))) == getattr(found, name):
                continue
        except ValueError:
            pass
        raise InvalidInput(f"backup_url: its {name} is no UUID.")
    texts = (found.name, found.description, found.container, found.host)
    maps = [each for each in (found.metadata, found.volume.metadata, found.volume.image_metadata) if each]
    items = [text for each in maps for item in each.items() for text in item]
    if any("\0" in text for text in items):
        raise InvalidInput("backup_url: a text in its metadata has a character that is not allowed.")
    if any(len(text or "") > 255 or "\0" in (text or "") for text in texts):
        raise InvalidInput("backup_url: a text in it has more than 255 letters.")
    if not 1 <= found.size <= creation.LARGEST or not 0 <= found.object_count <= creation.LARGEST:
        raise InvalidInput("backup_url: its size is none.")
    return found
