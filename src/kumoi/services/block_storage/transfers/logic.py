"""Checks which volumes may be offered, and who may take one."""

import hashlib
import hmac

from kumoi.kernel import operations, quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Busy
from kumoi.kernel.operations import subject
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.errors import InvalidAuthKey, InvalidSnapshot, InvalidVolume, TransferNotFound
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.snapshot_rows.models import SnapshotRow
from kumoi.services.block_storage.snapshot_rows.models import Status as SnapshotStatus
from kumoi.services.block_storage.transfer_rows import store as transfer_rows_store
from kumoi.services.block_storage.transfer_rows.models import TransferRow
from kumoi.services.block_storage.transfer_rows.models import transfers as table
from kumoi.services.block_storage.transfers.schemas import ListQuery
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.logic import type_quotas
from kumoi.services.block_storage.volumes.models import Status, VolumeRow

_SORT_KEYS = {"id": "id", "name": "name", "volume_id": "volume_id", "created_at": "created_at"}

visible = transfer_rows_store.rows.visible


def own(tx: Transaction, who: Who, transfer_id: str) -> TransferRow:
    return transfer_rows_store.rows.own(tx, who, transfer_id, "volume:delete_transfer")


def page(tx: Transaction, who: Who, query: ListQuery) -> list[TransferRow]:
    marker = visible(tx, who, query.marker) if query.marker else None
    conditions = listing.whose(table.c.project_id, who, query)
    for name in ("id", "name", "volume_id"):
        if (value := getattr(query, name)) is not None:
            conditions.append(table.c[name] == value)
    order = listing.order(table, query, _SORT_KEYS)
    return transfer_rows_store.list_of(tx, conditions, order, marker, query.length, query.offset or 0)


def create(
    tx: Transaction, who: Who, volume: VolumeRow, name: str | None, *, no_snapshots: bool
) -> tuple[TransferRow, str]:
    """The row, and the key, which is not kept."""
    if volume["status"] != Status.AVAILABLE:
        raise InvalidVolume(f"status must be available to transfer volume {volume['id']}, but is {volume['status']}.")
    if volume["group_id"]:
        raise InvalidVolume(f"Volume {volume['id']} belongs to group {volume['group_id']}.")
    if offered := transfer_rows_store.of_volume(tx, volume["id"]):
        raise InvalidVolume(f"Volume {volume['id']} is offered already, by transfer {offered['id']}.")
    if copy := volumes_store.being_copied(tx, volume_id=volume["id"]):
        raise InvalidVolume(f"Volume {volume['id']} is just being copied to volume {copy}.")
    _moving(tx, who, volume, no_snapshots=no_snapshots)
    key = tx.new_uuid().replace("-", "")
    row = transfer_rows_store.insert(
        tx,
        TransferRow(
            id=tx.new_uuid(),
            project_id=volume["project_id"],
            volume_id=volume["id"],
            name=name,
            key_digest=_digest(key),
            no_snapshots=no_snapshots,
            created_at=tx.now,
        ),
    )
    volumes_store.update(tx, volume["id"], status=Status.AWAITING_TRANSFER)
    return row, key


def delete(tx: Transaction, transfer: TransferRow) -> None:
    """The volume is available again."""
    transfer_rows_store.delete(tx, transfer["id"])
    volume = volumes_store.find(tx, transfer["volume_id"])
    if volume is not None and volume["status"] == Status.AWAITING_TRANSFER:
        volumes_store.update(tx, volume["id"], status=Status.AVAILABLE)


def accept(tx: Transaction, who: Who, transfer_id: str, key: str) -> TransferRow:
    """The volume, and its snapshots unless they stay, become the caller's project's."""
    if who.project_id is None:
        raise BadRequest("Volumes belong to a project: use a token with a project's scope.")
    transfer = transfer_rows_store.find(tx, transfer_id)
    if transfer is None:
        raise TransferNotFound(transfer_id)
    if not hmac.compare_digest(_digest(key), transfer["key_digest"]):
        raise InvalidAuthKey
    volume = volumes_store.find(tx, transfer["volume_id"])
    if volume is None or volume["status"] != Status.AWAITING_TRANSFER:
        raise InvalidVolume(f"Volume {transfer['volume_id']} does not await a transfer any more.")
    moving = _moving(tx, who, volume, no_snapshots=transfer["no_snapshots"])
    amounts = {
        "volumes": 1, "gigabytes": volume["size"] + sum(each["size"] for each in moving), "snapshots": len(moving),
    }  # fmt: skip
    quotas.take(tx, "block_storage", who.project_id, amounts)
    type_quotas.take(tx, who.project_id, volume["volume_type_id"], amounts)
    transfer_rows_store.delete(tx, transfer_id)
    owner = {"project_id": who.project_id, "user_id": who.user_id}
    volumes_store.update(tx, volume["id"], status=Status.AVAILABLE, **owner)
    for each in moving:
        snapshot_rows_store.update(tx, each["id"], **owner)
    return transfer


def _moving(tx: Transaction, who: Who, volume: VolumeRow, *, no_snapshots: bool) -> list[SnapshotRow]:
    """The snapshots that go with the volume: those of its project, if they are at rest and in no group snapshot, which
    would delete them. Errors name them only to a caller who sees them."""
    its = snapshot_rows_store.of_volume(tx, volume["id"], volume["project_id"])
    known = who.sees(volume["project_id"])
    for each in its:
        if each["status"] != SnapshotStatus.AVAILABLE:
            named = f"Snapshot {each['id']}" if known else f"A snapshot of volume {volume['id']}"
            raise InvalidSnapshot(f"{named} must be available, but is {each['status']}.")
    moving = [] if no_snapshots else its
    if grouped := [each["id"] for each in moving if each["group_snapshot_id"]]:
        named = ", ".join(grouped) if known else f"{len(grouped)} of volume {volume['id']}"
        raise InvalidSnapshot(f"Snapshots in a group snapshot cannot be transferred: {named}.")
    if busy := operations.active_on(tx, subject("volume", volume["id"])):
        raise Busy(f"Volume {volume['id']} is busy: {busy.replace('.', ' ')} is in progress.")
    return moving


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
