"""Shapes of attachments: docs.openstack.org/api-ref/block-storage/v3/#attachments-attachments."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.versions import since
from kumoi.services.block_storage.listing import Link, Page

Text = Annotated[str, msgspec.Meta(max_length=255)]


class ListQuery(Page, kw_only=True):
    volume_id: str | None = None
    instance_id: str | None = None
    instance_uuid: str | None = None
    attach_status: str | None = None
    status: str | None = None
    attach_mode: str | None = None


class AttachmentCreate(msgspec.Struct, kw_only=True):
    volume_uuid: Text
    instance_uuid: Text | None = None
    connector: dict[str, Any] | None = None
    mode: Annotated[Text | None, since("3.54")] = None


class CreateBody(msgspec.Struct):
    attachment: AttachmentCreate


class AttachmentUpdate(msgspec.Struct):
    connector: dict[str, Any]


class UpdateBody(msgspec.Struct):
    attachment: AttachmentUpdate


class Item(msgspec.Struct, kw_only=True):
    id: str
    status: str
    instance: str | None
    volume_id: str


class Attachment(Item, kw_only=True):
    attached_at: str
    detached_at: str
    attach_mode: str | None
    connection_info: dict[str, Any]


class Body(msgspec.Struct):
    attachment: Attachment


class ListBody(msgspec.Struct, kw_only=True):
    attachments: list[Item]
    attachments_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class DetailBody(msgspec.Struct, kw_only=True):
    attachments: list[Attachment]
    attachments_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


def item(row: Mapping[str, Any]) -> Item:
    return Item(id=row["id"], status=row["status"], instance=row["server_id"], volume_id=row["volume_id"])


def attachment(row: Mapping[str, Any]) -> Attachment:
    """`connection_info` contains no path, because only the server's host opens a disk."""
    said: dict[str, Any] = {}
    if row["connector"] or row["attached_at"]:
        said = {
            "driver_volume_type": "local", "attachment_id": row["id"], "volume_id": row["volume_id"],
            "access_mode": row["mode"],
        }  # fmt: skip
    return Attachment(
        id=row["id"], status=row["status"], instance=row["server_id"], volume_id=row["volume_id"],
        attached_at=clock.iso_microseconds(row["attached_at"]) if row["attached_at"] else "", detached_at="",
        attach_mode=row["mode"], connection_info=said,
    )  # fmt: skip
