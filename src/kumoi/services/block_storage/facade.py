"""What other services may call in block storage."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.block_storage.attachment_rows import store as attachment_rows_store
from kumoi.services.block_storage.attachment_rows.models import Status as AttachmentStatus
from kumoi.services.block_storage.attachments import logic as attachments_logic
from kumoi.services.block_storage.errors import InvalidVolume
from kumoi.services.block_storage.snapshots import logic as snapshots_logic
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.logic import changes, creation
from kumoi.services.block_storage.volumes.models import WITH_ATTACHMENT
from kumoi.services.block_storage.volumes.models import Status as VolumeStatus


@dataclass(frozen=True)
class Volume:
    """As in the API; `size` in GiB; `image_metadata`: name → text, of the image it was created from."""

    id: str
    name: str
    size: int
    status: str
    bootable: bool
    project_id: str
    multiattach: bool
    encrypted: bool
    image_id: str | None
    host: str | None
    """The host that stores its disk. Only a server on that host can open it. None while it is not chosen."""
    readonly: bool
    availability_zone: str
    image_metadata: Mapping[str, str]


@dataclass(frozen=True)
class Snapshot:
    id: str
    volume_id: str
    size: int
    status: str
    project_id: str


@dataclass(frozen=True)
class Attachment:
    """`status`: reserved, attaching, attached or detaching."""

    id: str
    volume_id: str
    server_id: str
    status: str
    device: str | None


def usable(tx: Transaction, who: Who, volume_id: str) -> Volume:
    """The volume, in any status, if the caller may use it; VolumeNotFound (404), PolicyForbids (403)."""
    return _volume(changes.own(tx, who, volume_id))


def usable_snapshot(tx: Transaction, who: Who, snapshot_id: str) -> Snapshot:
    """The snapshot, if the caller may see it; SnapshotNotFound (404)."""
    row = snapshots_logic.visible(tx, who, snapshot_id)
    return Snapshot(row["id"], row["volume_id"], row["size"], row["status"], row["project_id"])


def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Volume]:
    """Those that exist, of any project."""
    return {row["id"]: _volume(row) for row in volumes_store.by_ids(tx, ids)}


def create(
    tx: Transaction,
    who: Who,
    origin: Mapping[str, Any],
    *,
    name: str | None,
    size_gib: int | None,
    image_id: str | None = None,
    snapshot_id: str | None = None,
    volume_id: str | None = None,
    volume_type: str | None = None,
    availability_zone: str | None = None,
    host: str | None = None,
) -> Volume:
    """Create a volume in the caller's project and start its operation: it is `creating` until `available` or `error`.
    OverQuota (413), InvalidInput (400) and so on, as in its own API. `size_gib` None: the size of the snapshot or of
    the copied volume (`volume_id`). `host`: the host that must store its disk. `origin`: the keyword arguments for
    operations.begin."""
    asked = creation.Wanted(
        name=name, size_gib=size_gib, image_id=image_id, snapshot_id=snapshot_id, source_volume_id=volume_id,
        volume_type=volume_type, availability_zone=availability_zone, host=host,
    )  # fmt: skip
    return _volume(creation.create(tx, who, asked, origin))


def delete(tx: Transaction, volume_id: str, origin: Mapping[str, Any]) -> None:
    """Start the deletion, also of a volume in creation. Does nothing if there is none. InvalidVolume (400) if a server
    uses it, or if it has snapshots."""
    row = volumes_store.find(tx, volume_id)
    if row is not None:
        changes.delete(tx, row, origin)


def reserve(tx: Transaction, who: Who, volume_id: str, server_id: str) -> str:
    """Hold a volume for a server: the attachment's id. VolumeNotFound (404), InvalidVolume (400) unless available."""
    volume = changes.own(tx, who, volume_id)
    row = attachments_logic.reserve(tx, volume, server_id, by_compute=True, mode="ro" if volume["readonly"] else "rw")
    return str(row["id"])


def attached(tx: Transaction, attachment_id: str, device: str | None, host: str | None) -> None:
    """The server has attached it: the volume is in use. AttachmentNotFound (404) if the attachment is gone."""
    attachments_logic.move(tx, attachment_id, AttachmentStatus.ATTACHED, device=device, host=host)


def begin_detaching(tx: Transaction, attachment_id: str) -> None:
    """The server is about to lose the volume. InvalidVolume (400) unless the server has it."""
    row = attachment_rows_store.find(tx, attachment_id)
    if row is None or row["status"] != AttachmentStatus.ATTACHED:
        status = WITH_ATTACHMENT[AttachmentStatus(row["status"])] if row else VolumeStatus.AVAILABLE
        volume = f"Volume {row['volume_id']}" if row else "Volume"
        raise InvalidVolume(f"{volume} status must be in-use to detach, but the current status is {status}.")
    attachments_logic.move(tx, attachment_id, AttachmentStatus.DETACHING)


def detaching(tx: Transaction, attachment_id: str) -> None:
    """The server is about to detach the volume, whatever its status. Does nothing if it is detached already."""
    if attachment_rows_store.find(tx, attachment_id) is not None:
        attachments_logic.move(tx, attachment_id, AttachmentStatus.DETACHING)


def kept(tx: Transaction, attachment_id: str) -> None:
    """Detaching did not work: the server has it still."""
    if attachment_rows_store.find(tx, attachment_id) is not None:
        attachments_logic.move(tx, attachment_id, AttachmentStatus.ATTACHED)


def released(tx: Transaction, attachment_id: str) -> None:
    """The server does not use the volume (any more): it is available. Does nothing if the attachment is gone."""
    attachments_logic.release(tx, attachment_id)


def attachments_of_servers(tx: Transaction, server_ids: Iterable[str]) -> dict[str, list[Attachment]]:
    """Server → its attachments, in the order of their creation."""
    found: dict[str, list[Attachment]] = {}
    for row in attachment_rows_store.of_servers(tx, server_ids):
        if server_id := row["server_id"]:
            each = Attachment(row["id"], row["volume_id"], server_id, row["status"], row["device"])
            found.setdefault(server_id, []).append(each)
    return found


def server_ids(tx: Transaction) -> set[str]:
    """Every server that an attachment refers to, for the audit."""
    return attachment_rows_store.servers(tx)


def _volume(row: Mapping[str, Any]) -> Volume:
    return Volume(
        id=row["id"], name=row["name"] or "", size=row["size"], status=row["status"], bootable=row["bootable"],
        project_id=row["project_id"], multiattach=False, encrypted=False, image_id=row["image_id"], host=row["host"],
        readonly=bool(row["readonly"]), availability_zone=row["availability_zone"],
        image_metadata=row["image_metadata"],
    )  # fmt: skip
