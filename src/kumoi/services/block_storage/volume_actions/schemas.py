"""Shapes of actions: docs.openstack.org/api-ref/block-storage/v3/#volume-actions-volumes-action."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.versions import since
from kumoi.services.block_storage.fields import Key, Value
from kumoi.services.image.facade import Image

Text = Annotated[str, msgspec.Meta(max_length=255)]


class Extend(msgspec.Struct, forbid_unknown_fields=True):
    new_size: int | Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,10}$")]


class Bootable(msgspec.Struct, forbid_unknown_fields=True):
    bootable: bool | str


class Readonly(msgspec.Struct, forbid_unknown_fields=True):
    readonly: bool | str


class Status(msgspec.Struct, kw_only=True):
    status: Text | None = None
    attach_status: Text | None = None
    migration_status: Text | None = None


class ImageMetadata(msgspec.Struct):
    metadata: dict[Key, Value]


class UnsetImageMetadata(msgspec.Struct):
    key: Key


class ImageMetadataReply(msgspec.Struct):
    metadata: dict[str, str]


class Attach(msgspec.Struct, kw_only=True):
    instance_uuid: Text | None = None
    host_name: Text | None = None
    mountpoint: Text | None = None
    mode: Text = "rw"


class Detach(msgspec.Struct, kw_only=True):
    attachment_id: Text | None = None


class Retype(msgspec.Struct, kw_only=True):
    """There is one back end, so no policy migrates a volume."""

    new_type: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    migration_policy: Literal["on-demand", "never"] | None = None


class Reimage(msgspec.Struct, kw_only=True):
    image_id: Text
    reimage_reserved: bool | str | None = None


class Upload(msgspec.Struct, kw_only=True):
    image_name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    force: bool | str | None = None
    disk_format: Literal["raw", "qcow2", "vmdk", "vhd", "vhdx", "vdi"] | None = None
    container_format: Literal["bare"] | None = None
    visibility: Annotated[Literal["community", "public", "private", "shared"] | None, since("3.1")] = None
    protected: Annotated[bool | str | None, since("3.1")] = None


class UploadedType(msgspec.Struct, kw_only=True):
    id: str
    name: str
    description: str | None
    is_public: bool
    created_at: str
    updated_at: str | None
    extra_specs: dict[str, str]
    qos_specs_id: str | None
    deleted: bool = False
    deleted_at: None = None


class Uploaded(msgspec.Struct, kw_only=True):
    """The volume, and the image that is made of it."""

    id: str
    updated_at: str | None
    status: str
    display_description: str | None
    size: int
    volume_type: UploadedType
    image_id: str
    container_format: str
    disk_format: str
    image_name: str
    visibility: Annotated[str, since("3.1")]
    protected: Annotated[bool, since("3.1")]


class UploadReply(msgspec.Struct):
    body: Uploaded = msgspec.field(name="os-volume_upload_image")


def uploaded(volume: Mapping[str, Any], volume_type: Mapping[str, Any], image: Image) -> Uploaded:
    kind = UploadedType(
        id=volume_type["id"], name=volume_type["name"], description=volume_type["description"],
        is_public=volume_type["is_public"], created_at=clock.iso_microseconds(volume_type["created_at"]),
        updated_at=clock.iso_microseconds(volume_type["updated_at"]), extra_specs={},
        qos_specs_id=volume_type["qos_specs_id"],
    )  # fmt: skip
    return Uploaded(
        id=volume["id"], updated_at=clock.iso_microseconds(volume["updated_at"]), status="uploading",
        display_description=volume["description"], size=volume["size"], volume_type=kind, image_id=image.id,
        container_format=image.container_format or "", disk_format=image.disk_format or "",
        image_name=image.name or "", visibility=image.visibility, protected=image.protected,
    )  # fmt: skip


class Revert(msgspec.Struct):
    snapshot_id: Text
