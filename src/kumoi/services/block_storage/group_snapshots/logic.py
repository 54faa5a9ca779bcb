"""The rules of group snapshots."""

from collections.abc import Mapping, Sequence
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.errors import InvalidGroup, InvalidGroupSnapshot, InvalidInput
from kumoi.services.block_storage.group_rows import store as group_rows_store
from kumoi.services.block_storage.group_rows.models import GroupRow, GroupSnapshotRow
from kumoi.services.block_storage.group_rows.models import Status as GroupStatus
from kumoi.services.block_storage.group_rows.models import group_snapshots as table
from kumoi.services.block_storage.group_snapshots.schemas import ListQuery
from kumoi.services.block_storage.group_types import store as group_types_store
from kumoi.services.block_storage.group_types.models import CONSISTENT
from kumoi.services.block_storage.groups import logic as groups
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.snapshots import logic as snapshots
from kumoi.services.block_storage.volumes.models import Status as VolumeStatus

_SORT_KEYS = {name: name for name in ("id", "name", "group_id", "created_at", "group_type_id")}
_SET_BY_HAND = ("creating", "available", "error", "deleting", "error_deleting")

visible = group_rows_store.snapshot_rows.visible


def own(tx: Transaction, who: Who, group_snapshot_id: str) -> GroupSnapshotRow:
    return group_rows_store.snapshot_rows.own(tx, who, group_snapshot_id, "group:update_group_snapshot")


def page(tx: Transaction, who: Who, query: ListQuery) -> list[GroupSnapshotRow]:
    marker = visible(tx, who, query.marker) if query.marker else None
    conditions = listing.whose(table.c.project_id, who, query)
    for name in ("id", "name", "group_id"):
        if (value := getattr(query, name)) is not None:
            conditions.append(table.c[name] == value)
    order = listing.order(table, query, _SORT_KEYS)
    return group_rows_store.snapshots(tx, conditions, order, marker, query.length, query.offset or 0)


def statuses(tx: Transaction, rows: Sequence[GroupSnapshotRow]) -> dict[str, str]:
    """Group snapshot → its status."""
    parts: dict[str, list[str]] = {row["id"]: [] for row in rows}
    for part in snapshot_rows_store.of_group_snapshots(tx, list(parts)):
        parts[part["group_snapshot_id"] or ""].append(part["status"])
    return {row["id"]: row["status"] or groups.together(parts[row["id"]]) for row in rows}


def create(
    tx: Transaction, who: Who, group: GroupRow, name: str | None, description: str | None, origin: Mapping[str, Any]
) -> GroupSnapshotRow:
    """A snapshot of each volume. Refused while a volume is in use, if the group's type demands that all are of one
    instant."""
    if group["status"] != GroupStatus.AVAILABLE:
        raise InvalidGroup(f"Group {group['id']} must be available to make a snapshot, but is {group['status']}.")
    its = groups.volumes(tx, [group])[group["id"]]
    if not its:
        raise InvalidGroup("Source group is empty. No group snapshot will be created.")
    kind = group_types_store.find(tx, group["group_type_id"])
    consistent = kind is not None and kind["group_specs"].get(CONSISTENT, "").strip().lower() == "<is> true"
    busy = [volume["id"] for volume in its if volume["status"] != VolumeStatus.AVAILABLE]
    if consistent and busy:
        raise InvalidGroup(f"volume {busy[0]} is in use, and the snapshots of this group must be of one instant.")
    row = group_rows_store.insert_snapshot(
        tx,
        GroupSnapshotRow(
            id=tx.new_uuid(),
            project_id=group["project_id"],
            user_id=who.user_id,
            group_id=group["id"],
            group_type_id=group["group_type_id"],
            name=name,
            description=description,
            status=None,
            created_at=tx.now,
        ),
    )
    for volume in its:
        snapshots.create(
            tx, volume, origin, name=name, description=description, metadata=None, user_id=who.user_id, force=True,
            group_snapshot_id=row["id"],
        )  # fmt: skip
    return row


def delete(tx: Transaction, row: GroupSnapshotRow, origin: Mapping[str, Any]) -> None:
    """The group snapshot goes at once; the deletions of its snapshots begin. Those of another project stay."""
    if statuses(tx, [row])[row["id"]] not in ("available", "error"):
        raise InvalidGroupSnapshot(f"Group snapshot {row['id']} must be available or error to be deleted.")
    for part in snapshot_rows_store.of_group_snapshot(tx, row["id"]):
        snapshot_rows_store.update(tx, part["id"], group_snapshot_id=None)
        if part["project_id"] == row["project_id"]:
            snapshots.delete(tx, {**part, "group_snapshot_id": None}, origin)
    group_rows_store.delete_snapshot(tx, row["id"])


def reset_status(tx: Transaction, row: GroupSnapshotRow, status: str) -> None:
    if status not in _SET_BY_HAND:
        raise InvalidInput(f"status: '{status[:50]}' is none of {', '.join(_SET_BY_HAND)}.")
    group_rows_store.update_snapshot(tx, row["id"], status=status)
