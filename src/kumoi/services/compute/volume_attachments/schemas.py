"""Shapes of volume attachments: docs.openstack.org/api-ref/compute/ under servers with volume attachments."""

from typing import Annotated

import msgspec

from kumoi.kernel.pagination import Limit
from kumoi.kernel.versions import since, until
from kumoi.services.compute.block_devices.models import BlockDeviceRow
from kumoi.services.compute.servers.schemas.values import DeviceTag, Uuid

Device = Annotated[
    str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^(/dev/x{0,1}[a-z]{0,1}d{0,1})([a-z]+)[0-9]*$")
]


class Asked(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    volumeId: Uuid
    device: Device | None = None
    tag: Annotated[DeviceTag | None, since("2.49")] = None
    delete_on_termination: Annotated[bool, since("2.79")] = False


class CreateBody(msgspec.Struct, forbid_unknown_fields=True):
    volumeAttachment: Asked


class Change(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    volumeId: Uuid
    device: Annotated[str | msgspec.UnsetType | None, since("2.85")] = msgspec.UNSET
    tag: Annotated[str | msgspec.UnsetType | None, since("2.85")] = msgspec.UNSET
    delete_on_termination: Annotated[bool | None, since("2.85")] = None
    serverId: Annotated[Uuid | msgspec.UnsetType, since("2.85")] = msgspec.UNSET
    id: Annotated[Uuid | msgspec.UnsetType, since("2.85")] = msgspec.UNSET

    def fixed(self) -> dict[str, str | None]:
        """The given fields that cannot change during the life of an attachment, by name."""
        given = {"id": self.id, "serverId": self.serverId, "device": self.device, "tag": self.tag}
        return {name: value for name, value in given.items() if value is not msgspec.UNSET}


class ChangeBody(msgspec.Struct, forbid_unknown_fields=True):
    volumeAttachment: Change


class ListQuery(msgspec.Struct, kw_only=True):
    limit: Limit | None = None
    offset: Limit = 0


class VolumeAttachment(msgspec.Struct, kw_only=True):
    id: Annotated[str, until("2.88")]
    device: str | None
    serverId: str
    volumeId: str
    tag: Annotated[str | None, since("2.70")]
    delete_on_termination: Annotated[bool, since("2.79")]
    attachment_id: Annotated[str | None, since("2.89")]
    bdm_uuid: Annotated[str, since("2.89")]


class ShowBody(msgspec.Struct):
    volumeAttachment: VolumeAttachment


class ListBody(msgspec.Struct):
    volumeAttachments: list[VolumeAttachment]


class CreatedAttachment(msgspec.Struct, kw_only=True):
    """Without the fields that later versions added to the others."""

    id: str
    device: str | None
    serverId: str
    volumeId: str
    tag: Annotated[str | None, since("2.70")]
    delete_on_termination: Annotated[bool, since("2.79")]


class CreatedBody(msgspec.Struct):
    volumeAttachment: CreatedAttachment


def shown(row: BlockDeviceRow) -> VolumeAttachment:
    volume_id = row["volume_id"] or ""
    return VolumeAttachment(
        id=volume_id, device=row["device_name"], serverId=row["server_id"], volumeId=volume_id,
        tag=row["tag"], delete_on_termination=row["delete_on_termination"], attachment_id=row["attachment_id"],
        bdm_uuid=row["id"],
    )  # fmt: skip


def created(row: BlockDeviceRow) -> CreatedBody:
    volume_id = row["volume_id"] or ""
    return CreatedBody(
        CreatedAttachment(
            id=volume_id, device=row["device_name"], serverId=row["server_id"], volumeId=volume_id,
            tag=row["tag"], delete_on_termination=row["delete_on_termination"],
        )
    )  # fmt: skip
