"""Checks which changes of a volume are allowed, and starts their operations."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from kumoi.kernel import operations, quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Busy, NotFound, PolicyForbids
from kumoi.kernel.operations import subject
from kumoi.kernel.who import Who
from kumoi.services.block_storage.attachment_rows import store as attachment_rows_store
from kumoi.services.block_storage.backup_rows import store as backup_rows_store
from kumoi.services.block_storage.errors import InvalidInput, InvalidVolume, UsedByServer
from kumoi.services.block_storage.fields import MOST_IMAGE_METADATA, bounded
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.snapshot_rows.models import Status as SnapshotStatus
from kumoi.services.block_storage.transfer_rows import store as transfer_rows_store
from kumoi.services.block_storage.volume_types import models as volume_type_models
from kumoi.services.block_storage.volume_types import store as volume_types_store
from kumoi.services.block_storage.volumes import store
from kumoi.services.block_storage.volumes.logic import type_quotas
from kumoi.services.block_storage.volumes.models import DELETABLE, Status, VolumeRow
from kumoi.services.block_storage.volumes.operations.delete import DELETE
from kumoi.services.block_storage.volumes.operations.extend import EXTEND
from kumoi.services.block_storage.volumes.operations.revert import REVERT

visible = store.rows.visible


def own(tx: Transaction, who: Who, volume_id: str) -> VolumeRow:
    return store.rows.own(tx, who, volume_id, "volume:update")


def delete(
    tx: Transaction, volume: VolumeRow, origin: Mapping[str, Any], *, cascade: bool = False, force: bool = False
) -> None:
    """Start the deletion. Supersedes an active operation. `force`: in any status, but never while a server uses it."""
    volume_id = volume["id"]
    attachment = attachment_rows_store.of_volume(tx, volume_id)
    if attachment is not None and (attachment["by_compute"] or not force):
        raise InvalidVolume(
            "Volume status must be available or error or error_restoring or error_extending or error_managing and must"
            " not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated"
            f" from snapshots after volume transfer: it is {volume['status']}."
        )
    if volume["group_id"] and not force:
        raise InvalidVolume(f"Volume {volume_id} belongs to group {volume['group_id']}: delete it with the group.")
    if not force and volume["status"] not in DELETABLE:
        raise InvalidVolume(f"Volume {volume_id} cannot be deleted while its status is {volume['status']}.")
    if copy := store.being_copied(tx, volume_id=volume_id):
        raise InvalidVolume(f"Volume {volume_id} is just being copied to volume {copy}.")
    its = snapshot_rows_store.of_volume(tx, volume_id)
    if any(snapshot["project_id"] != volume["project_id"] for snapshot in its):
        raise InvalidVolume(
            f"Volume {volume_id} has snapshots that another project kept when it transferred the volume."
        )
    if its and not cascade:
        raise InvalidVolume(f"Volume still has {len(its)} dependent snapshots; delete them first, or use cascade.")
    for snapshot in its:
        if backup := backup_rows_store.reading(tx, snapshot_id=snapshot["id"]):
            raise InvalidVolume(f"Snapshot {snapshot['id']} is just being copied to backup {backup}.")
        if copy := store.being_copied(tx, snapshot_id=snapshot["id"]):
            raise InvalidVolume(f"Snapshot {snapshot['id']} is just being copied to volume {copy}.")
        snapshot_rows_store.update(tx, snapshot["id"], status=SnapshotStatus.DELETING)
    store.update(tx, volume_id, status=Status.DELETING)
    backup_rows_store.release(tx, volume_id)
    subjects = [subject("volume", volume_id), *(subject("snapshot", snapshot["id"]) for snapshot in its)]
    operations.supersede(tx, DELETE, subjects, {"volume_id": volume_id}, **origin)


def extend(tx: Transaction, volume: VolumeRow, size_gib: int, origin: Mapping[str, Any], *, online: bool) -> None:
    """`online`: also a volume in use. Refused while a volume of the old size is created from it."""
    allowed = (Status.AVAILABLE, Status.IN_USE) if online else (Status.AVAILABLE,)
    if volume["status"] not in allowed:
        raise InvalidVolume(
            f"Volume {volume['id']} status must be '{' or '.join(allowed)}' to extend, currently {volume['status']}."
        )
    if size_gib <= volume["size"]:
        raise InvalidInput(
            f"New size for extend must be greater than current size. (current: {volume['size']}, extended: {size_gib})."
        )
    if copy := store.being_copied(tx, volume_id=volume["id"]):
        raise InvalidVolume(f"Volume {volume['id']} is just being copied to volume {copy}.")
    amounts = {"per_volume_gigabytes": size_gib, "gigabytes": size_gib - volume["size"]}
    quotas.take(tx, "block_storage", volume["project_id"], amounts)
    more = {"gigabytes": amounts["gigabytes"]}
    type_quotas.take(tx, volume["project_id"], volume["volume_type_id"], more)
    store.update(tx, volume["id"], status=Status.EXTENDING, size=size_gib)
    arguments = {"volume_id": volume["id"], "old_size": volume["size"]}
    attachment = attachment_rows_store.of_volume(tx, volume["id"])
    server_id = attachment["server_id"] if attachment and attachment["by_compute"] else None
    shown_for = [subject("server", server_id)] if server_id else []
    operations.begin(tx, EXTEND, [subject("volume", volume["id"])], arguments, shown_for=shown_for, **origin)


def revert(tx: Transaction, volume: VolumeRow, snapshot_id: str, origin: Mapping[str, Any]) -> None:
    """Revert to the content at the time of its newest snapshot in its project."""
    its = snapshot_rows_store.of_volume(tx, volume["id"], volume["project_id"])
    wanted = next((snapshot for snapshot in its if snapshot["id"] == snapshot_id), None)
    if wanted is None:
        raise InvalidInput(f"Snapshot {snapshot_id} is no snapshot of volume {volume['id']}.")
    if wanted["id"] != its[0]["id"]:
        raise InvalidInput(f"Volume {volume['id']} can only be reverted to its newest snapshot, {its[0]['id']}.")
    if volume["status"] != Status.AVAILABLE:
        raise InvalidVolume(f"Volume {volume['id']} status must be available to revert, but is {volume['status']}.")
    if wanted["status"] != SnapshotStatus.AVAILABLE:
        raise InvalidInput(f"Snapshot {snapshot_id} status must be available to revert to, but is {wanted['status']}.")
    if volume["size"] != wanted["size"]:
        raise InvalidInput(f"Volume {volume['id']} has grown since its newest snapshot and cannot be reverted to it.")
    if copy := store.being_copied(tx, volume_id=volume["id"]):
        raise InvalidVolume(f"Volume {volume['id']} is just being copied to volume {copy}.")
    store.update(tx, volume["id"], status=Status.REVERTING)
    arguments = {"volume_id": volume["id"], "snapshot_id": snapshot_id}
    operations.begin(tx, REVERT, [subject("volume", volume["id"])], arguments, **origin)


def reset_status(
    tx: Transaction, volume: VolumeRow, status: str | None, attach_status: str | None, migration_status: str | None
) -> None:
    """An admin sets the status, which ends an offer of the volume. Refused while an operation is active, because it
    would overwrite the status."""
    if status is None and attach_status is None and migration_status is None:
        raise InvalidInput("os-reset_status: status, attach_status or migration_status must be given.")
    if status is not None and status not in (known := {str(each) for each in Status}):
        raise InvalidInput(f"os-reset_status: status '{status[:50]}' is none of {', '.join(sorted(known))}.")
    if attach_status not in (None, "attached", "detached"):
        raise InvalidInput(f"os-reset_status: attach_status '{attach_status}' is neither attached nor detached.")
    if migration_status not in (None, "none", "None"):
        raise InvalidInput(f"os-reset_status: migration_status '{migration_status}': nothing migrates here.")
    if busy := operations.active_on(tx, subject("volume", volume["id"])):
        raise Busy(f"Volume {volume['id']} is busy: {busy.replace('.', ' ')} is in progress.")
    if attach_status == "detached" or status == Status.AVAILABLE:
        attachment = attachment_rows_store.of_volume(tx, volume["id"])
        if attachment and attachment["by_compute"]:
            raise UsedByServer(attachment["server_id"])
        if attachment:
            attachment_rows_store.delete(tx, attachment["id"])
    if status is not None:
        if status != Status.AWAITING_TRANSFER:
            transfer_rows_store.delete_of_volume(tx, volume["id"])
        store.update(tx, volume["id"], status=status)


def set_image_metadata(tx: Transaction, volume: VolumeRow, values: Mapping[str, str]) -> dict[str, str]:
    """Adds to the existing metadata. Returns all of it."""
    merged = bounded({**volume["image_metadata"], **values}, MOST_IMAGE_METADATA)
    store.update(tx, volume["id"], image_metadata=merged)
    return merged


def unset_image_metadata(tx: Transaction, volume: VolumeRow, key: str) -> None:
    if key not in volume["image_metadata"]:
        raise NotFound(f"Volume {volume['id']} has no image metadata with key {key}.")
    store.update(tx, volume["id"], image_metadata={k: v for k, v in volume["image_metadata"].items() if k != key})


def update(tx: Transaction, volume: VolumeRow, values: Mapping[str, Any]) -> VolumeRow:
    """The row with name, description or metadata changed."""
    changed = {**values, **({"metadata": values["metadata"] or {}} if "metadata" in values else {})}
    store.update(tx, volume["id"], **changed)
    return cast(VolumeRow, {**volume, **changed, "updated_at": tx.now})


def must_be_admin(who: Who, rule: str) -> None:
    """For options that only an admin may use, of a route that others use too."""
    if not who.is_admin:
        raise PolicyForbids(rule)


@volume_type_models.removal.guard
def _type_is_unused(tx: Transaction, volume_type_ids: Sequence[str]) -> None:
    for volume_type_id in volume_type_ids:
        if store.of_type(tx, volume_type_id):
            volume_type = volume_types_store.find(tx, volume_type_id)
            name = volume_type["name"] if volume_type else volume_type_id
            raise InvalidInput(f"Target volume type is still in use: there are volumes of type {name}.")
