"""Attaches volumes to servers. The volume's status follows its attachment."""

from typing import Any
from uuid import UUID

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.attachment_rows import store as attachment_rows_store
from kumoi.services.block_storage.attachment_rows.models import AttachmentRow, Status
from kumoi.services.block_storage.attachment_rows.models import attachments as table
from kumoi.services.block_storage.attachments.schemas import ListQuery
from kumoi.services.block_storage.errors import AttachmentNotFound, InvalidInput, InvalidVolume, UsedByServer
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.models import HELD, WITH_ATTACHMENT, VolumeRow
from kumoi.services.block_storage.volumes.models import Status as VolumeStatus


def reserve(
    tx: Transaction, volume: VolumeRow, server_id: str | None, *, by_compute: bool, mode: str = "rw"
) -> AttachmentRow:
    """The attachment's row. InvalidVolume unless the volume is free."""
    if volume["status"] != VolumeStatus.AVAILABLE or attachment_rows_store.of_volume(tx, volume["id"]) is not None:
        raise InvalidVolume(
            f"Volume {volume['id']} status must be available to reserve, but the current status is {volume['status']}."
        )
    row = attachment_rows_store.insert(
        tx,
        AttachmentRow(
            id=tx.new_uuid(),
            volume_id=volume["id"],
            project_id=volume["project_id"],
            server_id=server_id,
            by_compute=by_compute,
            status=Status.RESERVED,
            mode=mode,
            device=None,
            host=None,
            connector={},
            attached_at=None,
            created_at=tx.now,
        ),
    )
    volumes_store.update(tx, volume["id"], status=VolumeStatus.RESERVED)
    return row


def move(tx: Transaction, attachment_id: str, status: Status, **values: Any) -> None:
    """Change the state of an attachment and of its volume. AttachmentNotFound if it is gone."""
    row = attachment_rows_store.find(tx, attachment_id)
    if row is None:
        raise AttachmentNotFound(attachment_id)
    if status == Status.ATTACHED and row["attached_at"] is None:
        values["attached_at"] = tx.now
    attachment_rows_store.update(tx, attachment_id, status=status, **values)
    _follow(tx, row["volume_id"], WITH_ATTACHMENT[status])


def release(tx: Transaction, attachment_id: str) -> None:
    """Delete the attachment and make the volume available. Does nothing if there is none."""
    row = attachment_rows_store.find(tx, attachment_id)
    if row is not None:
        attachment_rows_store.delete(tx, attachment_id)
        _follow(tx, row["volume_id"], VolumeStatus.AVAILABLE)


def _follow(tx: Transaction, volume_id: str, status: VolumeStatus) -> None:
    """Does not overwrite the status of the volume's own operation, or one that an admin set."""
    volume = volumes_store.find(tx, volume_id)
    if volume is not None and volume["status"] in HELD:
        volumes_store.update(tx, volume_id, status=status)


def check_mode(volume: VolumeRow, mode: str) -> str:
    """`rw` or `ro`; InvalidInput for others, and for writing to a volume that is read-only."""
    if mode not in ("rw", "ro"):
        raise InvalidInput(f"mode: '{mode[:50]}' is neither rw nor ro.")
    if mode == "rw" and volume["readonly"]:
        raise InvalidVolume(f"Volume {volume['id']} is read-only: it can be attached with mode ro only.")
    return mode


def mine(tx: Transaction, volume: VolumeRow) -> AttachmentRow:
    """The attachment that a client wrote down; UsedByServer when it is compute's, InvalidVolume when there is none."""
    row = attachment_rows_store.of_volume(tx, volume["id"])
    if row is None:
        raise InvalidVolume(f"Volume {volume['id']} is not attached: its status is {volume['status']}.")
    if row["by_compute"]:
        raise UsedByServer(row["server_id"])
    return row


def attach(
    tx: Transaction, volume: VolumeRow, server_id: str | None, host: str | None, device: str | None, mode: str
) -> None:
    """A client records that a server or a host uses it."""
    if not server_id and not host:
        raise InvalidInput("os-attach: instance_uuid or host_name must be given.")
    if server_id and not is_uuid(server_id):
        raise InvalidInput(f"os-attach: instance_uuid '{server_id[:50]}' is no UUID.")
    check_mode(volume, mode)
    if volume["status"] == VolumeStatus.AVAILABLE:
        row = reserve(tx, volume, server_id, by_compute=False, mode=mode)
    else:
        row = mine(tx, volume)
        if row["status"] not in (Status.RESERVED, Status.ATTACHING):
            raise InvalidVolume(f"Volume {volume['id']} status must be available to attach, but is {volume['status']}.")
    move(tx, row["id"], Status.ATTACHED, server_id=server_id, host=host, device=device, mode=mode)


def begin_detaching(tx: Transaction, volume: VolumeRow) -> None:
    row = mine(tx, volume)
    if row["status"] != Status.ATTACHED:
        raise InvalidVolume(f"Volume {volume['id']} status must be in-use to detach, but is {volume['status']}.")
    move(tx, row["id"], Status.DETACHING)


def roll_detaching(tx: Transaction, volume: VolumeRow) -> None:
    row = mine(tx, volume)
    if row["status"] == Status.DETACHING:
        move(tx, row["id"], Status.ATTACHED)


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


visible = attachment_rows_store.rows.visible


def own(tx: Transaction, who: Who, attachment_id: str) -> AttachmentRow:
    return attachment_rows_store.rows.own(tx, who, attachment_id, "volume:attachment_update")


def page(tx: Transaction, who: Who, query: ListQuery) -> list[AttachmentRow]:
    marker = visible(tx, who, query.marker) if query.marker else None
    conditions = listing.whose(table.c.project_id, who, query)
    for column, value in (
        (table.c.volume_id, query.volume_id), (table.c.server_id, query.instance_id or query.instance_uuid),
        (table.c.status, query.attach_status or query.status), (table.c.mode, query.attach_mode),
    ):  # fmt: skip
        if value is not None:
            conditions.append(column == value)
    keys = {"id": "id", "status": "status", "volume_id": "volume_id", "created_at": "created_at"}
    return attachment_rows_store.list_of(
        tx, conditions, listing.order(table, query, keys), marker, query.length, query.offset or 0
    )  # fmt: skip


def create(
    tx: Transaction, volume: VolumeRow, server_id: str | None, connector: dict[str, Any] | None, mode: str | None
) -> AttachmentRow | dict[str, Any]:
    """A client's: reserved, or with a connector attaching."""
    if server_id and not is_uuid(server_id):
        raise InvalidInput(f"attachment.instance_uuid '{server_id[:50]}' is no UUID.")
    chosen = check_mode(volume, mode or ("ro" if volume["readonly"] else "rw"))
    row = reserve(tx, volume, server_id, by_compute=False, mode=chosen)
    return connect(tx, row, connector) if connector else row


def connect(tx: Transaction, row: AttachmentRow, connector: dict[str, Any]) -> AttachmentRow:
    """A client records from where it will be used."""
    _of_client(row)
    if not connector:
        raise InvalidInput("attachment.connector: there is nothing in it.")
    if row["status"] not in (Status.RESERVED, Status.ATTACHING):
        raise InvalidVolume(f"Attachment {row['id']} is {row['status']} already.")
    host = connector.get("host")
    host = host[:255] if isinstance(host, str) else None
    move(tx, row["id"], Status.ATTACHING, connector=connector, host=host)
    return {**row, "connector": connector, "host": host, "status": Status.ATTACHING}


def complete(tx: Transaction, row: AttachmentRow) -> None:
    """Allowed in every state, as in Cinder, and also without a connector."""
    _of_client(row)
    move(tx, row["id"], Status.ATTACHED)


def delete(tx: Transaction, row: AttachmentRow) -> None:
    _of_client(row)
    release(tx, row["id"])


def _of_client(row: AttachmentRow) -> None:
    if row["by_compute"]:
        raise UsedByServer(row["server_id"])
