"""The rules of groups: which volumes they have, and what becomes of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from kumoi.kernel import quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.errors import InvalidGroup, InvalidInput, InvalidVolume
from kumoi.services.block_storage.group_rows import store as group_rows_store
from kumoi.services.block_storage.group_rows.models import GroupRow, Status
from kumoi.services.block_storage.group_rows.models import groups as table
from kumoi.services.block_storage.group_types import logic as group_types
from kumoi.services.block_storage.groups.schemas import ListQuery
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.snapshot_rows.models import Status as SnapshotStatus
from kumoi.services.block_storage.volume_types import logic as volume_types
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.logic import changes, creation
from kumoi.services.block_storage.volumes.models import AVAILABILITY_ZONE, VolumeRow
from kumoi.services.block_storage.volumes.models import Status as VolumeStatus

_SORT_KEYS = {
    name: name for name in ("id", "name", "status", "created_at", "group_type_id", "description", "updated_at")
}  # fmt: skip

visible = group_rows_store.rows.visible


def own(tx: Transaction, who: Who, group_id: str) -> GroupRow:
    return group_rows_store.rows.own(tx, who, group_id, "group:update")


def page(tx: Transaction, who: Who, query: ListQuery) -> list[GroupRow]:
    marker = visible(tx, who, query.marker) if query.marker else None
    conditions = listing.whose(table.c.project_id, who, query)
    for column, value in (
        (table.c.id, query.id), (table.c.name, query.name), (table.c.status, query.status),
        (table.c.group_type_id, query.group_type),
    ):  # fmt: skip
        if value is not None:
            conditions.append(column == value)
    order = listing.order(table, query, _SORT_KEYS)
    return group_rows_store.list_of(tx, conditions, order, marker, query.length, query.offset or 0)


def volumes(tx: Transaction, groups: Sequence[GroupRow]) -> dict[str, list[VolumeRow]]:
    """Group → its volumes."""
    found: dict[str, list[VolumeRow]] = {group["id"]: [] for group in groups}
    for volume in volumes_store.of_groups(tx, list(found)):
        found[volume["group_id"] or ""].append(volume)
    return found


def create(
    tx: Transaction, who: Who, *, name: str | None, description: str | None, group_type: str, kinds: Sequence[str],
    zone: str | None,
) -> GroupRow:  # fmt: skip
    if zone not in (None, "", AVAILABILITY_ZONE):
        raise InvalidInput(f"Availability zone '{zone}' is invalid.")
    kind = group_types.wanted(tx, who, group_type)
    ids = [volume_types.wanted(tx, who, each)["id"] for each in kinds]
    return _insert(tx, who, name, description, kind["id"], ids)


def _insert(
    tx: Transaction, who: Who, name: str | None, description: str | None, group_type_id: str, kinds: Sequence[str],
    *, group_snapshot_id: str | None = None, source_group_id: str | None = None,
) -> GroupRow:  # fmt: skip
    if who.project_id is None:
        raise BadRequest("Groups belong to a project: use a token with a project's scope.")
    quotas.take(tx, "block_storage", who.project_id, {"groups": 1})
    return group_rows_store.insert(
        tx,
        GroupRow(
            id=tx.new_uuid(),
            project_id=who.project_id,
            user_id=who.user_id,
            name=name,
            description=description,
            status=Status.AVAILABLE,
            group_type_id=group_type_id,
            volume_types=list(dict.fromkeys(kinds)),
            availability_zone=AVAILABILITY_ZONE,
            group_snapshot_id=group_snapshot_id,
            source_group_id=source_group_id,
            created_at=tx.now,
            updated_at=tx.now,
        ),
    )


def create_from(
    tx: Transaction, who: Who, origin: Mapping[str, Any], *, name: str | None, description: str | None,
    group_snapshot_id: str | None, source_group_id: str | None,
) -> GroupRow:  # fmt: skip
    """A group with a copy of each volume of a group or of a group snapshot."""
    if bool(group_snapshot_id) == bool(source_group_id):
        raise InvalidInput("create-from-src: one of group_snapshot_id and source_group_id must be given.")
    if group_snapshot_id:
        taken = group_rows_store.snapshot_rows.visible(tx, who, group_snapshot_id)
        source = group_rows_store.find(tx, taken["group_id"])
        assert source is not None  # A group with snapshots is not deleted.
        parts = [
            creation.Wanted(snapshot_id=each["id"])
            for each in snapshot_rows_store.of_group_snapshot(tx, group_snapshot_id)
        ]
    else:
        source = visible(tx, who, source_group_id or "")
        parts = [creation.Wanted(source_volume_id=each["id"]) for each in volumes(tx, [source])[source["id"]]]
    if not parts:
        raise InvalidGroup(f"the source has no volumes to copy: {group_snapshot_id or source_group_id}.")
    row = _insert(
        tx, who, name, description, source["group_type_id"], source["volume_types"],
        group_snapshot_id=group_snapshot_id, source_group_id=source_group_id,
    )  # fmt: skip
    for part in parts:
        made = creation.create(tx, who, part, origin)
        volumes_store.update(tx, made["id"], group_id=row["id"])
    return row


def update(
    tx: Transaction, who: Who, group: GroupRow, *, name: str | None, description: str | None, add: Sequence[str],
    remove: Sequence[str],
) -> None:  # fmt: skip
    if name is None and description is None and not add and not remove:
        raise InvalidInput("group: name, description, add_volumes or remove_volumes must be given.")
    if both := set(add) & set(remove):
        raise InvalidInput(f"group: volume {min(both)} is in add_volumes and in remove_volumes.")
    if group["status"] != Status.AVAILABLE:
        raise InvalidGroup(f"Group {group['id']} must be available to change, but is {group['status']}.")
    for volume_id in remove:
        volume = volumes_store.find(tx, volume_id)
        if volume is None or volume["group_id"] != group["id"]:
            raise InvalidVolume(f"Cannot remove volume {volume_id[:255]} from group {group['id']}: it is not in it.")
        volumes_store.update(tx, volume_id, group_id=None)
    for volume_id in add:
        volume = changes.own(tx, who, volume_id)
        creation.check_group(group, volume["project_id"], volume["volume_type_id"])
        if volume["group_id"] not in (None, group["id"]):
            raise InvalidVolume(f"Cannot add volume {volume_id} to group {group['id']}: it is in another one.")
        if volume["status"] not in (VolumeStatus.AVAILABLE, VolumeStatus.IN_USE):
            raise InvalidVolume(f"Cannot add volume {volume_id} to group {group['id']}: it is {volume['status']}.")
        volumes_store.update(tx, volume_id, group_id=group["id"])
    values = {"name": name, "description": description}
    group_rows_store.update(
        tx, group["id"], **{key: value for key, value in values.items() if value is not None}
    )  # fmt: skip


def delete(tx: Transaction, group: GroupRow, origin: Mapping[str, Any], *, with_volumes: bool) -> None:
    """The group goes at once; the deletions of its volumes begin."""
    its = volumes(tx, [group])[group["id"]]
    if its and not with_volumes:
        raise InvalidGroup(
            f"Group {group['id']} still contains volumes. The delete-volumes flag is required to delete it."
        )
    if taken := group_rows_store.snapshot_of(tx, group["id"]):
        raise InvalidGroup(f"Cannot delete group {group['id']}: it has the group snapshot {taken}.")
    for volume in its:
        volumes_store.update(tx, volume["id"], group_id=None)
        changes.delete(tx, {**volume, "group_id": None}, origin)
    group_rows_store.delete(tx, group["id"])


def reset_status(tx: Transaction, group: GroupRow, status: str) -> None:
    if status not in (known := {str(each) for each in Status}):
        raise InvalidInput(f"status: '{status[:50]}' is none of {', '.join(sorted(known))}.")
    group_rows_store.update(tx, group["id"], status=status)


@group_types.removal.guard
def _type_is_unused(tx: Transaction, group_type_ids: Sequence[str]) -> None:
    for group_type_id in group_type_ids:
        if group_rows_store.of_type(tx, group_type_id):
            raise BadRequest(f"Target group type is still in use: there are groups of type {group_type_id}.")


def together(statuses: Sequence[str]) -> str:
    """The status of a group snapshot, from those of its snapshots."""
    for each in (SnapshotStatus.DELETING, SnapshotStatus.CREATING):
        if each in statuses:
            return each
    return SnapshotStatus.AVAILABLE if set(statuses) <= {SnapshotStatus.AVAILABLE} else SnapshotStatus.ERROR
