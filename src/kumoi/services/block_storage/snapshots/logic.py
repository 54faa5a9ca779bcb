"""Checks which snapshots may be created, changed and deleted, and starts the operations."""

from collections.abc import Mapping
from typing import Any, cast

from kumoi.kernel import operations, quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Busy
from kumoi.kernel.operations import subject
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.backup_rows import store as backup_rows_store
from kumoi.services.block_storage.errors import InvalidInput, InvalidSnapshot, InvalidVolume
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.snapshot_rows.models import SnapshotRow, Status
from kumoi.services.block_storage.snapshot_rows.models import snapshots as table
from kumoi.services.block_storage.snapshots import filters
from kumoi.services.block_storage.snapshots.operations.create import CREATE
from kumoi.services.block_storage.snapshots.operations.delete import DELETE
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.logic import type_quotas
from kumoi.services.block_storage.volumes.models import Status as VolumeStatus
from kumoi.services.block_storage.volumes.models import VolumeRow

FORCED = frozenset(
    {VolumeStatus.IN_USE, VolumeStatus.RESERVED, VolumeStatus.ATTACHING, VolumeStatus.DETACHING}
)  # fmt: skip
"""Volume statuses, besides `available`, in which `force` allows a snapshot."""
REPORTED: Mapping[str, frozenset[Status]] = {
    Status.CREATING: frozenset({Status.CREATING, Status.AVAILABLE, Status.ERROR}),
    Status.DELETING: frozenset({Status.DELETING, Status.ERROR_DELETING}),
}
"""Status of a snapshot that is created or deleted externally → statuses that may follow."""


visible = snapshot_rows_store.rows.visible


def own(tx: Transaction, who: Who, snapshot_id: str) -> SnapshotRow:
    return snapshot_rows_store.rows.own(tx, who, snapshot_id, "volume:update_snapshot")


def page(tx: Transaction, who: Who, query: filters.ListQuery) -> list[SnapshotRow]:
    marker = visible(tx, who, query.marker) if query.marker else None
    order = listing.order(table, query, filters.SORT_KEYS)
    return snapshot_rows_store.list_of(
        tx, filters.conditions(who, query), order, marker, query.length, query.offset or 0
    )


def count(tx: Transaction, who: Who, query: filters.ListQuery) -> int:
    """On all pages."""
    return snapshot_rows_store.count(tx, filters.conditions(who, query))


def create(
    tx: Transaction, volume: VolumeRow, origin: Mapping[str, Any], *, name: str | None, description: str | None,
    metadata: Mapping[str, str] | None, user_id: str, force: bool, group_snapshot_id: str | None = None,
) -> SnapshotRow:  # fmt: skip
    """Create the row in the volume's project, take quota and start the operation. `force`: also while the volume is in
    use."""
    status = volume["status"]
    if status != VolumeStatus.AVAILABLE and not (force and status in FORCED):
        allowed = "available or in-use" if force else "available"
        raise InvalidVolume(f"Volume {volume['id']} status must be {allowed} to make a snapshot, but is {status}.")
    quotas.take(tx, "block_storage", volume["project_id"], {"snapshots": 1, "gigabytes": volume["size"]})
    more = {"snapshots": 1, "gigabytes": volume["size"]}
    type_quotas.take(tx, volume["project_id"], volume["volume_type_id"], more)
    snapshot_id = tx.new_uuid()
    row = snapshot_rows_store.insert(
        tx,
        SnapshotRow(
            id=snapshot_id,
            volume_id=volume["id"],
            project_id=volume["project_id"],
            user_id=user_id,
            name=name,
            description=description,
            size=volume["size"],
            status=Status.CREATING,
            metadata=dict(metadata or {}),
            host=volume["host"] or "",
            group_snapshot_id=group_snapshot_id,
            progress=None,
            created_at=tx.now,
            updated_at=tx.now,
        ),
    )
    operations.begin(tx, CREATE, [subject("snapshot", snapshot_id)], {"snapshot_id": snapshot_id}, **origin)
    return row


def update(tx: Transaction, snapshot: SnapshotRow, values: Mapping[str, Any]) -> SnapshotRow:
    """The row with name or description changed."""
    snapshot_rows_store.update(tx, snapshot["id"], **values)
    return cast(SnapshotRow, {**snapshot, **values, "updated_at": tx.now})


def delete(tx: Transaction, snapshot: SnapshotRow, origin: Mapping[str, Any]) -> None:
    """Start the deletion, also of a snapshot in creation. InvalidSnapshot while a volume is created from it."""
    if copy := volumes_store.being_copied(tx, snapshot_id=snapshot["id"]):
        raise InvalidSnapshot(f"Snapshot {snapshot['id']} is just being copied to volume {copy}.")
    if snapshot["group_snapshot_id"]:
        raise InvalidSnapshot(f"Snapshot {snapshot['id']} is part of group snapshot {snapshot['group_snapshot_id']}.")
    if backup := backup_rows_store.reading(tx, snapshot_id=snapshot["id"]):
        raise InvalidSnapshot(f"Snapshot {snapshot['id']} is just being copied to backup {backup}.")
    held = operations.active_on(tx, subject("snapshot", snapshot["id"]))
    volume_held = operations.active_on(tx, subject("volume", snapshot["volume_id"]))
    if held == "volume.delete":
        return
    if volume_held == "volume.revert":
        raise Busy(f"Volume {snapshot['volume_id']} is just being reverted to a snapshot.")
    snapshot_rows_store.update(tx, snapshot["id"], status=Status.DELETING)
    operations.supersede(
        tx, DELETE, [subject("snapshot", snapshot["id"])], {"snapshot_id": snapshot["id"]}, **origin
    )  # fmt: skip


def reset_status(tx: Transaction, snapshot: SnapshotRow, status: str) -> None:
    """An admin sets the status. Refused while an operation is active, because it would overwrite the status."""
    if status not in (known := {str(each) for each in Status}):
        raise InvalidInput(f"status '{status[:50]}' is none of {', '.join(sorted(known))}.")
    if busy := operations.active_on(tx, subject("snapshot", snapshot["id"])):
        raise Busy(f"Snapshot {snapshot['id']} is busy: {busy.replace('.', ' ')} is in progress.")
    snapshot_rows_store.update(tx, snapshot["id"], status=status)


def update_status(tx: Transaction, snapshot: SnapshotRow, status: str, progress: str | None) -> None:
    """The external creator or remover of the snapshot sets its status. InvalidSnapshot if it is neither created nor
    deleted."""
    if status not in REPORTED.get(snapshot["status"], ()):
        raise InvalidSnapshot(f"Snapshot {snapshot['id']} is {snapshot['status']} and cannot be set to {status[:50]}.")
    reset_status(tx, snapshot, status)
    if progress is not None:
        snapshot_rows_store.update(tx, snapshot["id"], progress=progress)
