"""Shapes of volume types: docs.openstack.org/api-ref/block-storage/v3/#volume-types-types."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from kumoi.kernel.versions import since
from kumoi.services.block_storage.listing import Link, Page

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Text = Annotated[str, msgspec.Meta(max_length=255)]
SpecKey = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9_\-:. ]+$")]
Specs = dict[SpecKey, Text]

VISIBLE_SPECS = frozenset({"RESKEY:availability_zones", "multiattach", "replication_enabled"})
"""The extra specs that everybody sees."""


class ListQuery(Page, kw_only=True):
    is_public: str | None = None
    name: str | None = None
    description: str | None = None
    extra_specs: Annotated[str | None, since("3.52")] = None
    name_like: Annotated[str | None, since("3.31")] = msgspec.field(default=None, name="name~")


class TypeCreate(msgspec.Struct, kw_only=True):
    name: Name
    description: Text | None = None
    extra_specs: Specs | None = None
    is_public: bool | str | None = msgspec.field(default=None, name="os-volume-type-access:is_public")


class CreateBody(msgspec.Struct):
    volume_type: TypeCreate


class TypeUpdate(msgspec.Struct, kw_only=True):
    name: Text | msgspec.UnsetType | None = msgspec.UNSET
    description: Text | msgspec.UnsetType | None = msgspec.UNSET
    is_public: bool | str | msgspec.UnsetType | None = msgspec.UNSET


class UpdateBody(msgspec.Struct):
    volume_type: TypeUpdate


class VolumeType(msgspec.Struct, kw_only=True):
    id: str
    name: str
    is_public: bool
    description: str | None
    access_is_public: bool | msgspec.UnsetType = msgspec.field(
        name="os-volume-type-access:is_public", default=msgspec.UNSET
    )
    qos_specs_id: str | msgspec.UnsetType | None = msgspec.UNSET
    extra_specs: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class Body(msgspec.Struct):
    volume_type: VolumeType


class ListBody(msgspec.Struct, kw_only=True):
    volume_types: list[VolumeType]
    volume_type_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class SpecsBody(msgspec.Struct):
    extra_specs: Specs


class Project(msgspec.Struct):
    project: Name


class Access(msgspec.Struct):
    volume_type_id: str
    project_id: str


class AccessBody(msgspec.Struct):
    volume_type_access: list[Access]


def volume_type(row: Mapping[str, Any], *, admin: bool) -> VolumeType:
    """Admins see every extra spec, others those of VISIBLE_SPECS."""
    shown = VolumeType(
        id=row["id"], name=row["name"], is_public=row["is_public"], description=row["description"],
        access_is_public=row["is_public"],
    )  # fmt: skip
    specs = row["extra_specs"]
    shown.extra_specs = specs if admin else {key: value for key, value in specs.items() if key in VISIBLE_SPECS}
    if admin:
        shown.qos_specs_id = row["qos_specs_id"]
    return shown


def created(row: Mapping[str, Any]) -> VolumeType:
    """As the reply to its creation shows it to an admin, without fields that are set only later."""
    return msgspec.structs.replace(volume_type(row, admin=True), qos_specs_id=msgspec.UNSET)


def changed(row: Mapping[str, Any]) -> VolumeType:
    """As the reply to a change shows it, to an admin."""
    return msgspec.structs.replace(created(row), access_is_public=msgspec.UNSET)
