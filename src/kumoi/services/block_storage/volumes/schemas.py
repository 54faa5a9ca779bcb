"""Shapes of volumes: docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.queries import FlagText
from kumoi.kernel.versions import since
from kumoi.services.block_storage.errors import InvalidInput
from kumoi.services.block_storage.fields import Metadata
from kumoi.services.block_storage.listing import Link

Text = Annotated[str, msgspec.Meta(max_length=255)]
MOST_HINTED = 128
POOL = "files"
"""The name of every host's storage, where the API expects a backend and a pool."""


class VolumeCreate(msgspec.Struct, kw_only=True):
    size: int | Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,10}$")] | None = None
    name: Text | None = None
    display_name: Text | None = None
    description: Text | None = None
    display_description: Text | None = None
    availability_zone: Text | None = None
    volume_type: Text | None = None
    imageRef: Text | None = None
    snapshot_id: Text | None = None
    source_volid: Text | None = None
    metadata: Metadata | None = None
    multiattach: bool | str | None = None
    consistencygroup_id: str | None = None
    group_id: Annotated[str | None, since("3.13")] = None
    backup_id: Annotated[str | None, since("3.47")] = None


class CreateBody(msgspec.Struct, kw_only=True):
    volume: VolumeCreate
    hints: dict[str, Any] | None = msgspec.field(default=None, name="OS-SCH-HNT:scheduler_hints")


def hinted(hints: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The ids of volumes in a hint, which is one id or a list of them."""
    given = hints.get(name) or []
    ids = [given] if isinstance(given, str) else given
    if not isinstance(ids, list) or len(ids) > MOST_HINTED or not all(isinstance(each, str) for each in ids):
        raise InvalidInput(f"OS-SCH-HNT:scheduler_hints.{name}: at most {MOST_HINTED} ids of volumes are expected.")
    return tuple(ids)


class VolumeUpdate(msgspec.Struct, kw_only=True):
    name: Text | msgspec.UnsetType | None = msgspec.UNSET
    display_name: Text | msgspec.UnsetType | None = msgspec.UNSET
    description: Text | msgspec.UnsetType | None = msgspec.UNSET
    display_description: Text | msgspec.UnsetType | None = msgspec.UNSET
    metadata: Metadata | msgspec.UnsetType | None = msgspec.UNSET

    def given(self) -> dict[str, Any]:
        """Column → value of the fields in the request."""
        values = {
            "name": self.name if self.name is not msgspec.UNSET else self.display_name,
            "description": self.description if self.description is not msgspec.UNSET else self.display_description,
            "metadata": self.metadata,
        }
        return {name: value for name, value in values.items() if value is not msgspec.UNSET}


class StrictVolumeUpdate(VolumeUpdate, kw_only=True, forbid_unknown_fields=True):
    pass


class UpdateBody(msgspec.Struct):
    volume: VolumeUpdate


class StrictUpdateBody(msgspec.Struct):
    volume: StrictVolumeUpdate


class DeleteQuery(msgspec.Struct, kw_only=True):
    cascade: FlagText | None = None
    force: Annotated[FlagText | None, since("3.23")] = None


class Attachment(msgspec.Struct, kw_only=True):
    id: str
    attachment_id: str
    volume_id: str
    server_id: str | None
    host_name: str | None
    device: str | None
    attached_at: str | None


class Volume(msgspec.Struct, kw_only=True):
    """`host` and `migration…` are for admins."""

    id: str
    status: str
    size: int
    availability_zone: str
    created_at: str
    updated_at: str | None
    name: str | None
    description: str | None
    volume_type: str | None
    volume_type_id: Annotated[str, since("3.63")]
    snapshot_id: str | None
    source_volid: str | None
    metadata: dict[str, str]
    links: list[Link]
    user_id: str
    bootable: str
    attachments: list[Attachment]
    encrypted: bool = False
    multiattach: bool = False
    replication_status: str | None = None
    consistencygroup_id: str | None = None
    migration_status: str | None = None
    tenant_id: str | msgspec.UnsetType = msgspec.field(name="os-vol-tenant-attr:tenant_id")
    host: str | msgspec.UnsetType | None = msgspec.field(default=msgspec.UNSET, name="os-vol-host-attr:host")
    migration: msgspec.UnsetType | None = msgspec.field(default=msgspec.UNSET, name="os-vol-mig-status-attr:migstat")
    migration_name: msgspec.UnsetType | None = msgspec.field(
        default=msgspec.UNSET, name="os-vol-mig-status-attr:name_id"
    )
    provider_id: Annotated[str | msgspec.UnsetType | None, since("3.21")] = msgspec.UNSET
    cluster_name: Annotated[str | msgspec.UnsetType | None, since("3.61")] = msgspec.UNSET
    group_id: Annotated[str | None, since("3.13")] = None
    service_uuid: Annotated[str | None, since("3.48")] = None
    shared_targets: Annotated[bool, since("3.48")] = False
    consumes_quota: Annotated[bool, since("3.65")] = True
    volume_image_metadata: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class Body(msgspec.Struct):
    volume: Volume


class ListItem(msgspec.Struct):
    id: str
    name: str | None
    links: list[Link]


class ListBody(msgspec.Struct, kw_only=True):
    volumes: list[ListItem]
    volumes_links: list[Link] | msgspec.UnsetType = msgspec.UNSET
    count: Annotated[int | msgspec.UnsetType, since("3.45")] = msgspec.UNSET


class DetailBody(msgspec.Struct, kw_only=True):
    volumes: list[Volume]
    volumes_links: list[Link] | msgspec.UnsetType = msgspec.UNSET
    count: Annotated[int | msgspec.UnsetType, since("3.45")] = msgspec.UNSET


class Summary(msgspec.Struct, kw_only=True):
    total_size: int
    total_count: int
    metadata: Annotated[dict[str, list[str]], since("3.36")]


class SummaryBody(msgspec.Struct):
    volume_summary: Summary = msgspec.field(name="volume-summary")


def volume(
    row: Mapping[str, Any],
    type_name: str | None,
    attachment: Mapping[str, Any] | None,
    links: list[Link],
    *,
    admin: bool,
) -> Volume:
    shown = Volume(
        id=row["id"], status=row["status"], size=row["size"], availability_zone=row["availability_zone"],
        created_at=clock.iso_microseconds(row["created_at"]),
        updated_at=clock.iso_microseconds(row["updated_at"]) if row["updated_at"] != row["created_at"] else None,
        name=row["name"], description=row["description"], volume_type=type_name, volume_type_id=row["volume_type_id"],
        snapshot_id=row["snapshot_id"], source_volid=row["source_volume_id"], metadata=_metadata(row), links=links,
        user_id=row["user_id"], group_id=row["group_id"],
        bootable="true" if row["bootable"] else "false",
        attachments=[_attachment(attachment, admin)] if attachment and attachment["attached_at"] else [],
        tenant_id=row["project_id"], volume_image_metadata=row["image_metadata"] or msgspec.UNSET,
    )  # fmt: skip
    if admin:
        shown.host = f"{row['host']}@{POOL}#{POOL}" if row["host"] else None
        shown.migration, shown.migration_name = None, None
        shown.provider_id, shown.cluster_name = None, None
    return shown


def without_extensions(shown: Volume) -> Volume:
    """The representation in replies to creation and update: without the fields of former extensions."""
    shown.tenant_id = shown.volume_image_metadata = msgspec.UNSET
    shown.host = shown.migration = shown.migration_name = msgspec.UNSET
    return shown


def _metadata(row: Mapping[str, Any]) -> dict[str, str]:
    """Contains `readonly` once it was set."""
    if row["readonly"] is None:
        return dict(row["metadata"])
    return {**row["metadata"], "readonly": str(row["readonly"])}


def _attachment(row: Mapping[str, Any], admin: bool) -> Attachment:
    return Attachment(
        id=row["volume_id"], attachment_id=row["id"], volume_id=row["volume_id"], server_id=row["server_id"],
        host_name=row["host"] if admin else None, device=row["device"],
        attached_at=clock.iso_microseconds(row["attached_at"]) if row["attached_at"] else None,
    )  # fmt: skip
