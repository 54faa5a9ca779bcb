"""Shapes of volumes and snapshots:
docs.openstack.org/api-ref/compute/#volume-extension-os-volumes-os-snapshots-deprecated."""

from typing import Annotated, Any

import msgspec

Text = Annotated[str, msgspec.Meta(max_length=255)]
Size = int | Annotated[str, msgspec.Meta(pattern="^[0-9]{1,10}$")] | None


class ListQuery(msgspec.Struct, kw_only=True):
    limit: Annotated[int, msgspec.Meta(ge=0)] | None = None
    offset: Annotated[int, msgspec.Meta(ge=0)] = 0


class Create(msgspec.Struct, kw_only=True):
    size: Size = None
    display_name: Text | None = None
    display_description: Text | None = None
    volume_type: Text | None = None
    metadata: dict[str, str] | None = None
    snapshot_id: Text | None = None
    availability_zone: Text | None = None


class CreateBody(msgspec.Struct):
    volume: Create


class Snap(msgspec.Struct, kw_only=True):
    volume_id: Text
    display_name: Text | None = None
    display_description: Text | None = None
    force: bool | Text | None = None


class SnapBody(msgspec.Struct):
    snapshot: Snap


class Attachment(msgspec.Struct, kw_only=True):
    """Without fields: the volume is attached to nothing."""

    id: str | msgspec.UnsetType = msgspec.UNSET
    volumeId: str | msgspec.UnsetType = msgspec.UNSET
    serverId: str | msgspec.UnsetType = msgspec.UNSET
    device: str | msgspec.UnsetType = msgspec.UNSET


class Volume(msgspec.Struct, kw_only=True):
    id: str
    status: str
    size: int
    availabilityZone: str
    createdAt: str
    attachments: list[Attachment]
    displayName: str | None
    displayDescription: str | None
    volumeType: str | None
    snapshotId: str | None
    metadata: dict[str, str]


class Snapshot(msgspec.Struct, kw_only=True):
    id: str
    volumeId: str
    status: str
    size: int
    createdAt: str
    displayName: str | None
    displayDescription: str | None


def volume(one: dict[str, Any]) -> Volume:
    attachments = [_attachment(each) for each in one["attachments"] if each["server_id"]]
    return Volume(
        id=one["id"], status=one["status"], size=one["size"], availabilityZone=one["availability_zone"],
        createdAt=one["created_at"], attachments=attachments or [Attachment()], displayName=one["name"],
        displayDescription=one["description"], volumeType=one["volume_type"], snapshotId=one["snapshot_id"],
        metadata=one["metadata"],
    )  # fmt: skip


def _attachment(each: dict[str, Any]) -> Attachment:
    device = each["device"] or msgspec.UNSET
    return Attachment(id=each["volume_id"], volumeId=each["volume_id"], serverId=each["server_id"], device=device)


def snapshot(one: dict[str, Any]) -> Snapshot:
    return Snapshot(
        id=one["id"], volumeId=one["volume_id"], status=one["status"], size=one["size"], createdAt=one["created_at"],
        displayName=one["name"], displayDescription=one["description"],
    )  # fmt: skip
