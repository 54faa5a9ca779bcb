"""Shapes of actions: docs.openstack.org/api-ref/block-storage/v3/#volume-actions-volumes-action."""

from typing import Annotated

import msgspec

from kumoi.services.block_storage.fields import Key, Value

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


class Revert(msgspec.Struct):
    snapshot_id: Text
