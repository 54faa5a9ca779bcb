"""Which server may have which volume; the volume's status follows its attachment."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.services.block_storage.attachments import store
from kumoi.services.block_storage.attachments.models import OF_VOLUME, Status
from kumoi.services.block_storage.errors import AttachmentNotFound, InvalidVolume
from kumoi.services.block_storage.volumes import store as volumes
from kumoi.services.block_storage.volumes.models import HELD
from kumoi.services.block_storage.volumes.models import Status as VolumeStatus


def reserve(
    tx: Transaction, volume: dict[str, Any], server_id: str | None, *, by_compute: bool, mode: str = "rw"
) -> dict[str, Any]:
    """The attachment's row. InvalidVolume unless the volume is free."""
    if volume["status"] != VolumeStatus.AVAILABLE or store.of_volume(tx, volume["id"]) is not None:
        raise InvalidVolume(
            f"Volume {volume['id']} status must be available to reserve, but the current status is {volume['status']}."
        )
    row = store.insert(
        tx, id=tx.new_uuid(), volume_id=volume["id"], project_id=volume["project_id"], server_id=server_id,
        by_compute=by_compute, status=Status.RESERVED, mode=mode, device=None, host=None, connector={},
        attached_at=None,
    )  # fmt: skip
    volumes.update(tx, volume["id"], status=VolumeStatus.RESERVED)
    return row


def move(tx: Transaction, attachment_id: str, status: Status, **values: Any) -> None:
    """Into another state, and the volume with it. AttachmentNotFound when it is gone."""
    row = store.find(tx, attachment_id)
    if row is None:
        raise AttachmentNotFound(attachment_id)
    if status == Status.ATTACHED and row["attached_at"] is None:
        values["attached_at"] = tx.now
    store.update(tx, attachment_id, status=status, **values)
    _follow(tx, row["volume_id"], OF_VOLUME[status])


def release(tx: Transaction, attachment_id: str) -> None:
    """It goes, and the volume is free; nothing when there is none."""
    row = store.find(tx, attachment_id)
    if row is not None:
        store.delete(tx, attachment_id)
        _follow(tx, row["volume_id"], VolumeStatus.AVAILABLE)


def _follow(tx: Transaction, volume_id: str, status: VolumeStatus) -> None:
    """Work of the volume's own, and what an admin set, is not overwritten."""
    volume = volumes.find(tx, volume_id)
    if volume is not None and volume["status"] in HELD:
        volumes.update(tx, volume_id, status=status)
