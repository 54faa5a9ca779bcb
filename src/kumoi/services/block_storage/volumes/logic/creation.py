"""Checks which volumes may be created, and from which source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kumoi.kernel import operations, quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.operations import subject
from kumoi.kernel.who import Who
from kumoi.services.block_storage.backup_rows import store as backup_rows_store
from kumoi.services.block_storage.backup_rows.models import Status as BackupStatus
from kumoi.services.block_storage.encryption import store as encryption_store
from kumoi.services.block_storage.errors import Absent, InvalidInput, InvalidSnapshot, InvalidVolume
from kumoi.services.block_storage.group_rows import store as group_rows_store
from kumoi.services.block_storage.group_rows.models import GroupRow
from kumoi.services.block_storage.group_rows.models import Status as GroupStatus
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.snapshot_rows.models import Status as SnapshotStatus
from kumoi.services.block_storage.volume_types import logic as volume_types
from kumoi.services.block_storage.volume_types.models import VolumeTypeRow
from kumoi.services.block_storage.volumes import store
from kumoi.services.block_storage.volumes.logic import type_quotas
from kumoi.services.block_storage.volumes.logic.changes import visible
from kumoi.services.block_storage.volumes.models import AVAILABILITY_ZONE, Status, VolumeRow
from kumoi.services.block_storage.volumes.operations.create import CREATE
from kumoi.services.image import facade as images

GIB = 1 << 30
LARGEST = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A request for a volume, with at most one of image, snapshot, source volume and backup. `size_gib` None: the size of the
    source."""

    name: str | None = None
    description: str | None = None
    size_gib: int | None = None
    volume_type: str | None = None
    availability_zone: str | None = None
    image_id: str | None = None
    snapshot_id: str | None = None
    source_volume_id: str | None = None
    backup_id: str | None = None
    group_id: str | None = None
    metadata: Mapping[str, str] | None = None
    host: str | None = None
    """The host that must store its disk; None: any."""
    same_host: Sequence[str] = ()
    different_host: Sequence[str] = ()
    """Volumes with which it must share its host, or must not. Ids that the caller does not see are ignored."""


@dataclass(frozen=True)
class Source:
    """The source of the content. `least`: the minimum size in GiB."""

    least: int = 0
    host: str | None = None
    bootable: bool = False
    image_metadata: Mapping[str, str] | None = None
    image_id: str | None = None
    disk_format: str = "raw"
    volume_type: str | None = None
    metadata: Mapping[str, str] | None = None
    backup_place: str | None = None


def create(tx: Transaction, who: Who, asked: Wanted, origin: Mapping[str, Any]) -> VolumeRow:
    """Create the row, take quota and start the operation."""
    if who.project_id is None:
        raise BadRequest("Volumes belong to a project: use a token with a project's scope.")
    given = [each for each in (asked.image_id, asked.snapshot_id, asked.source_volume_id, asked.backup_id) if each]
    if len(given) > 1:
        raise InvalidInput("of imageRef, snapshot_id, source_volid and backup_id only one may be given")
    if asked.availability_zone not in (None, AVAILABILITY_ZONE):
        raise InvalidInput(f"Availability zone '{asked.availability_zone}' is invalid.")
    source = _source(tx, who, asked)
    if asked.host and source.host not in (None, asked.host):
        raise InvalidInput(f"the source of the volume is on {source.host}, not on {asked.host}")
    size = _size(asked, source)
    kind = fitting_type(tx, who, asked.volume_type or source.volume_type)
    if asked.group_id:
        check_group(group_rows_store.rows.visible(tx, who, asked.group_id), who.project_id, kind["id"])
    quotas.take(
        tx, "block_storage", who.project_id, {"per_volume_gigabytes": size, "volumes": 1, "gigabytes": size}
    )  # fmt: skip
    type_quotas.take(tx, who.project_id, kind["id"], {"volumes": 1, "gigabytes": size})
    volume_id = tx.new_uuid()
    row = store.insert(
        tx,
        VolumeRow(
            id=volume_id,
            project_id=who.project_id,
            user_id=who.user_id,
            name=asked.name,
            description=asked.description,
            size=size,
            status=Status.CREATING,
            availability_zone=AVAILABILITY_ZONE,
            volume_type_id=kind["id"],
            bootable=False,
            readonly=None,
            metadata={**(source.metadata or {}), **(asked.metadata or {})},
            image_metadata=dict(source.image_metadata or {}),
            image_id=source.image_id,
            snapshot_id=asked.snapshot_id,
            source_volume_id=asked.source_volume_id,
            backup_id=asked.backup_id,
            group_id=asked.group_id,
            host=source.host or asked.host,
            created_at=tx.now,
            updated_at=tx.now,
        ),
    )
    arguments = {"volume_id": volume_id, "disk_format": source.disk_format, "bootable": source.bootable}
    for name, ids in (("same_host", asked.same_host), ("different_host", asked.different_host)):
        if hinted := sorted(
            {each["host"] for each in store.by_ids(tx, ids) if each["host"] and who.sees(each["project_id"])}
        ):
            arguments[name] = hinted
    if source.backup_place:
        arguments["backup_place"] = source.backup_place
    operations.begin(tx, CREATE, [subject("volume", volume_id)], arguments, **origin)
    return row


def fitting_type(tx: Transaction, who: Who, named: str | None) -> VolumeTypeRow:
    """The type that a name or id means, or the default, if a volume may have it."""
    kind = volume_types.wanted(tx, who, named)
    if encryption_store.of_type(tx, kind["id"]) is not None:
        raise Absent(f"Volume type {kind['name']} has encryption: an encrypted volume")
    if str(kind["extra_specs"].get("multiattach", "")).lower() == "<is> true":
        raise InvalidInput(f"Volume type {kind['name']} is for multiattach, which volumes here cannot have.")
    return kind


def check_group(group: GroupRow, project_id: str, volume_type_id: str) -> None:
    """Whether a volume may be in the group; InvalidInput."""
    if group["project_id"] != project_id:
        raise InvalidInput(f"group {group['id']} belongs to another project than the volume.")
    if group["status"] != GroupStatus.AVAILABLE:
        raise InvalidInput(f"group {group['id']} must be available, but is {group['status']}.")
    if volume_type_id not in group["volume_types"]:
        raise InvalidInput(f"the volume's type {volume_type_id} is none of the types of group {group['id']}.")


def _source(tx: Transaction, who: Who, asked: Wanted) -> Source:
    if asked.image_id:
        return of_image(tx, who, asked.image_id)
    if asked.snapshot_id:
        return _of_snapshot(tx, who, asked.snapshot_id)
    if asked.source_volume_id:
        return _of_volume(tx, who, asked.source_volume_id)
    if asked.backup_id:
        return _of_backup(tx, who, asked.backup_id)
    return Source()


def _of_backup(tx: Transaction, who: Who, backup_id: str) -> Source:
    backup = backup_rows_store.rows.visible(tx, who, backup_id)
    if backup["status"] != BackupStatus.AVAILABLE:
        raise InvalidInput(f"Backup {backup_id} status must be available, but is {backup['status']}.")
    had = backup["volume"]
    return Source(
        backup["size"], backup["host"], bool(had.get("bootable")), had.get("image_metadata"),
        metadata=had.get("metadata"), backup_place=backup["place"],
    )  # fmt: skip


def of_image(tx: Transaction, who: Who, image_id: str) -> Source:
    image = images.usable(tx, who, image_id)
    if image.status != "active":
        raise InvalidInput(f"Image {image.id} is not active.")
    if not image.holds_a_disk:
        raise InvalidInput(f"Image {image.id} holds no disk: its container_format is {image.container_format}.")
    least = -(-max(image.virtual_size or 0, image.size or 0) // GIB)
    facts = {
        "image_id": image.id, "image_name": image.name or "", "checksum": image.checksum or "",
        "container_format": image.container_format or "", "disk_format": image.disk_format or "",
        "min_disk": str(image.min_disk), "min_ram": str(image.min_ram), "size": str(image.size or 0),
    }  # fmt: skip
    return Source(
        max(least, image.min_disk), None, True, {**image.properties, **facts}, image.id, image.disk_format or "raw"
    )


def _of_snapshot(tx: Transaction, who: Who, snapshot_id: str) -> Source:
    snapshot = snapshot_rows_store.rows.visible(tx, who, snapshot_id)
    if snapshot["status"] != SnapshotStatus.AVAILABLE:
        raise InvalidSnapshot(f"Originating snapshot status must be available, but is {snapshot['status']}.")
    parent = store.find(tx, snapshot["volume_id"])
    assert parent is not None  # A volume with snapshots is not deleted.
    return Source(
        snapshot["size"], snapshot["host"], parent["bootable"], parent["image_metadata"],
        volume_type=parent["volume_type_id"],
    )  # fmt: skip


def _of_volume(tx: Transaction, who: Who, volume_id: str) -> Source:
    source = visible(tx, who, volume_id)
    if source["status"] not in (Status.AVAILABLE, Status.IN_USE):
        raise InvalidVolume(f"Source volume {volume_id} status must be available or in-use, but is {source['status']}.")
    return Source(
        source["size"], source["host"], source["bootable"], source["image_metadata"],
        volume_type=source["volume_type_id"],
    )  # fmt: skip


def _size(asked: Wanted, source: Source) -> int:
    size = asked.size_gib
    if size is None:
        if asked.image_id or not source.least:
            raise InvalidInput("'size' parameter must be between 1 and 2147483647")
        return source.least
    if not 1 <= size <= LARGEST:
        raise InvalidInput(f"Volume size '{size}' must be an integer and greater than 0")
    if size < source.least:
        what = "image" if asked.image_id else "snapshot" if asked.snapshot_id else "source volume"
        what = "backup" if asked.backup_id else what
        raise InvalidInput(
            f"Volume size {size}GB cannot be smaller than the {what} size {source.least}GB: use at least that."
        )
    return size
