"""Which states of a volume clients may set by hand."""

from kumoi.kernel.database import Transaction
from kumoi.services.block_storage.attachment_rows import store as attachment_store
from kumoi.services.block_storage.attachment_rows.models import Status as AttachmentStatus
from kumoi.services.block_storage.attachments import logic as attachments
from kumoi.services.block_storage.errors import AttachmentNotFound, InvalidVolume
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.models import Status, VolumeRow


def set_bootable(tx: Transaction, volume: VolumeRow, bootable: bool) -> None:
    volumes_store.update(tx, volume["id"], bootable=bootable)


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
