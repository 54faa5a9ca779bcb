"""Images of volumes, and the states of a volume that clients may set by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kumoi.kernel import operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import subject
from kumoi.kernel.who import Who
from kumoi.services.block_storage import pool
from kumoi.services.block_storage.attachment_rows import store as attachment_store
from kumoi.services.block_storage.attachment_rows.models import Status as AttachmentStatus
from kumoi.services.block_storage.attachments import logic as attachments
from kumoi.services.block_storage.errors import AttachmentNotFound, InvalidInput, InvalidVolume
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.volume_types import store as volume_types_store
from kumoi.services.block_storage.volume_types.models import VolumeTypeRow
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.logic import creation, type_quotas
from kumoi.services.block_storage.volumes.models import Status, VolumeRow
from kumoi.services.block_storage.volumes.operations.reimage import REIMAGE
from kumoi.services.block_storage.volumes.operations.upload import UPLOAD
from kumoi.services.image import facade as images

_OF_AN_IMAGE = frozenset(
    {"image_id", "image_name", "checksum", "container_format", "disk_format", "min_disk", "min_ram", "size"}
)  # fmt: skip
"""Image metadata of a volume that describes the image it was made of, and not the one that is made of it."""


def set_bootable(tx: Transaction, volume: VolumeRow, bootable: bool) -> None:
    volumes_store.update(tx, volume["id"], bootable=bootable)


@dataclass(frozen=True)
class ImageWanted:
    """The image that is made of a volume. `more`: further values as in the image API."""

    name: str
    disk_format: str
    container_format: str
    more: Mapping[str, Any]


def upload(
    tx: Transaction, who: Who, volume: VolumeRow, asked: ImageWanted, origin: dict[str, Any], *, force: bool
) -> tuple[images.Image, VolumeTypeRow]:
    """Create the image and start the operation. `force`: also while the volume is in use."""
    allowed = (Status.AVAILABLE, Status.IN_USE) if force else (Status.AVAILABLE,)
    if volume["status"] not in allowed:
        raise InvalidVolume(
            f"Volume {volume['id']} status must be {' or '.join(allowed)} to upload it, but is {volume['status']}."
        )
    had = {key: value for key, value in volume["image_metadata"].items() if key not in _OF_AN_IMAGE}
    values = {
        **asked.more, "name": asked.name, "disk_format": asked.disk_format,
        "container_format": asked.container_format, "min_disk": volume["size"] if asked.disk_format == "raw" else 0,
    }  # fmt: skip
    image, upload_id = images.expect(tx, who, values, had, origin)
    volumes_store.update(tx, volume["id"], status=Status.UPLOADING)
    arguments = {
        "volume_id": volume["id"], "image_id": image.id, "upload": upload_id, "disk_format": asked.disk_format,
    }  # fmt: skip
    operations.begin(tx, UPLOAD, [subject("volume", volume["id"])], arguments, **origin)
    volume_type = volume_types_store.find(tx, volume["volume_type_id"])
    assert volume_type is not None  # A type with volumes is not deleted.
    return image, volume_type


def retype(tx: Transaction, who: Who, volume: VolumeRow, new_type: str) -> None:
    """Another type of the same back end: the disk stays as it is."""
    if volume["status"] not in (Status.AVAILABLE, Status.IN_USE):
        raise InvalidVolume(f"Volume {volume['id']} status must be available or in-use, but is {volume['status']}.")
    if volume["group_id"]:
        raise InvalidVolume(f"Volume {volume['id']} belongs to group {volume['group_id']}.")
    kind = creation.fitting_type(tx, who, new_type)
    if kind["id"] == volume["volume_type_id"]:
        raise InvalidInput(f"New volume_type same as original: {kind['name']}.")
    if spec := pool.unmet(kind["extra_specs"]):
        raise InvalidInput(f"new_type: the extra spec {spec} of {kind['name']} demands what no storage here is.")
    its = snapshot_rows_store.of_volume(tx, volume["id"], volume["project_id"])
    amounts = {
        "volumes": 1, "gigabytes": volume["size"] + sum(each["size"] for each in its), "snapshots": len(its),
    }  # fmt: skip
    type_quotas.take(tx, volume["project_id"], kind["id"], amounts)
    volumes_store.update(tx, volume["id"], volume_type_id=kind["id"])


def reimage(tx: Transaction, who: Who, volume: VolumeRow, image_id: str, origin: Mapping[str, Any]) -> None:
    """Start to write another image over it. Its snapshots stay as they are."""
    if volume["status"] not in (Status.AVAILABLE, Status.ERROR) or volume["host"] is None:
        raise InvalidVolume(
            f"Volume {volume['id']} status must be available or error to be re-imaged, but is {volume['status']}."
        )
    if copy := volumes_store.being_copied(tx, volume_id=volume["id"]):
        raise InvalidVolume(f"Volume {volume['id']} is just being copied to volume {copy}.")
    source = creation.of_image(tx, who, image_id)
    if source.least > volume["size"]:
        raise InvalidInput(f"image_id: the image needs {source.least} GiB, and the volume has {volume['size']}.")
    volumes_store.update(tx, volume["id"], status=Status.DOWNLOADING)
    arguments = {
        "volume_id": volume["id"], "image_id": source.image_id, "disk_format": source.disk_format,
        "image_metadata": dict(source.image_metadata or {}),
    }  # fmt: skip
    operations.begin(tx, REIMAGE, [subject("volume", volume["id"])], arguments, **origin)


def set_readonly(tx: Transaction, volume: VolumeRow, readonly: bool) -> None:
    if volume["status"] != Status.AVAILABLE:
        raise InvalidVolume(
            f"Volume {volume['id']} status must be available to update readonly flag, but current status is:"
            f" {volume['status']}."
        )
    volumes_store.update(tx, volume["id"], readonly=readonly)


def reserve(tx: Transaction, volume: VolumeRow) -> None:
    row = attachments.reserve(tx, volume, None, by_compute=False, mode="ro" if volume["readonly"] else "rw")
    attachments.move(tx, row["id"], AttachmentStatus.ATTACHING)


def unreserve(tx: Transaction, volume: VolumeRow) -> None:
    """Does nothing if it is not reserved."""
    if attachment_store.of_volume(tx, volume["id"]) is None:
        return
    row = attachments.mine(tx, volume)
    if row["status"] in (AttachmentStatus.RESERVED, AttachmentStatus.ATTACHING):
        attachments.release(tx, row["id"])


def detach(tx: Transaction, volume: VolumeRow, attachment_id: str | None) -> None:
    """Does nothing if it is not attached."""
    if _has_nobody(tx, volume, attachment_id):
        return
    row = attachments.mine(tx, volume)
    if attachment_id is not None and attachment_id != row["id"]:
        raise AttachmentNotFound(attachment_id)
    if row["status"] not in (AttachmentStatus.ATTACHED, AttachmentStatus.DETACHING):
        raise InvalidVolume(f"Volume {volume['id']} status must be in-use to detach, but is {volume['status']}.")
    attachments.release(tx, row["id"])


def force_detach(tx: Transaction, volume: VolumeRow, attachment_id: str | None) -> None:
    """As `detach`, in whatever state the attachment is; a volume in error that was attached is available afterwards."""
    if _has_nobody(tx, volume, attachment_id):
        return
    row = attachments.mine(tx, volume)
    if attachment_id is not None and attachment_id != row["id"]:
        raise AttachmentNotFound(attachment_id)
    attachments.release(tx, row["id"])
    if volume["status"] == Status.ERROR:
        volumes_store.update(tx, volume["id"], status=Status.AVAILABLE)


def _has_nobody(tx: Transaction, volume: VolumeRow, attachment_id: str | None) -> bool:
    """Whether this is a request to detach a resting volume that has no attachment."""
    at_rest = volume["status"] in (Status.AVAILABLE, Status.ERROR)
    return at_rest and attachment_id is None and attachment_store.of_volume(tx, volume["id"]) is None
