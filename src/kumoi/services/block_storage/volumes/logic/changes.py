"""Which changes to a volume are allowed, and what they start."""

from collections.abc import Mapping
from typing import Any

from kumoi.kernel import operations, quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import subject
from kumoi.kernel.who import Who
from kumoi.services.block_storage.attachments import store as attachments
from kumoi.services.block_storage.errors import InvalidInput, InvalidVolume, VolumeNotFound
from kumoi.services.block_storage.snapshots import store as snapshots
from kumoi.services.block_storage.snapshots.models import Status as SnapshotStatus
from kumoi.services.block_storage.volumes import store
from kumoi.services.block_storage.volumes.models import DELETABLE, Status
from kumoi.services.block_storage.volumes.operations.delete import DELETE
from kumoi.services.block_storage.volumes.operations.extend import EXTEND


def visible(tx: Transaction, who: Who, volume_id: str) -> dict[str, Any]:
    """The row; VolumeNotFound for what is another project's."""
    row = store.find(tx, volume_id)
    if row is None or not who.sees(row["project_id"]):
        raise VolumeNotFound(volume_id)
    return row


def delete(
    tx: Transaction, volume: dict[str, Any], origin: Mapping[str, Any], *, cascade: bool = False, force: bool = False
) -> None:
    """Promise that it goes, whatever is in progress on it. `force`: in any status; never while a server has it."""
    volume_id = volume["id"]
    attachment = attachments.of_volume(tx, volume_id)
    if attachment is not None and (attachment["by_compute"] or not force):
        raise InvalidVolume(
            "Volume status must be available or error or error_restoring or error_extending or error_managing and must"
            " not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated"
            f" from snapshots after volume transfer: it is {volume['status']}."
        )
    if not force and volume["status"] not in DELETABLE:
        raise InvalidVolume(f"Volume {volume_id} cannot be deleted while its status is {volume['status']}.")
    if copy := store.being_copied(tx, volume_id=volume_id):
        raise InvalidVolume(f"Volume {volume_id} is just being copied to volume {copy}.")
    its = snapshots.of_volume(tx, volume_id)
    if its and not cascade:
        raise InvalidVolume(f"Volume still has {len(its)} dependent snapshots; delete them first, or use cascade.")
    for snapshot in its:
        if copy := store.being_copied(tx, snapshot_id=snapshot["id"]):
            raise InvalidVolume(f"Snapshot {snapshot['id']} is just being copied to volume {copy}.")
        snapshots.update(tx, snapshot["id"], status=SnapshotStatus.DELETING)
    store.update(tx, volume_id, status=Status.DELETING)
    subjects = [subject("volume", volume_id), *(subject("snapshot", snapshot["id"]) for snapshot in its)]
    operations.supersede(tx, DELETE, subjects, {"volume_id": volume_id}, **origin)


def extend(tx: Transaction, volume: dict[str, Any], size_gib: int, origin: Mapping[str, Any], *, online: bool) -> None:
    """`online`: a volume in use may grow as well."""
    allowed = (Status.AVAILABLE, Status.IN_USE) if online else (Status.AVAILABLE,)
    if volume["status"] not in allowed:
        raise InvalidVolume(
            f"Volume {volume['id']} status must be '{' or '.join(allowed)}' to extend, currently {volume['status']}."
        )
    if size_gib <= volume["size"]:
        raise InvalidInput(
            f"New size for extend must be greater than current size. (current: {volume['size']}, extended: {size_gib})."
        )
    amounts = {"per_volume_gigabytes": size_gib, "gigabytes": size_gib - volume["size"]}
    quotas.take(tx, "block_storage", volume["project_id"], amounts)
    store.update(tx, volume["id"], status=Status.EXTENDING, size=size_gib)
    arguments = {"volume_id": volume["id"], "old_size": volume["size"]}
    operations.begin(tx, EXTEND, [subject("volume", volume["id"])], arguments, **origin)
