"""Shapes of group types: docs.openstack.org/api-ref/block-storage/v3/#group-types-group-types."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from kumoi.services.block_storage.listing import Link, Page

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Text = Annotated[str, msgspec.Meta(max_length=255)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9_\-:. ]+$")]
Specs = Annotated[dict[Key, Text], msgspec.Meta(max_length=128)]


class ListQuery(Page, kw_only=True):
    is_public: str | None = None
    name: str | None = None


class GroupTypeCreate(msgspec.Struct, kw_only=True):
    name: Name
    description: Text | None = None
    is_public: bool | str | None = None
    group_specs: Specs | None = None


class CreateBody(msgspec.Struct):
    group_type: GroupTypeCreate


class GroupTypeUpdate(msgspec.Struct, kw_only=True):
    name: Text | msgspec.UnsetType | None = msgspec.UNSET
    description: Text | msgspec.UnsetType | None = msgspec.UNSET
    is_public: bool | str | msgspec.UnsetType | None = msgspec.UNSET


class UpdateBody(msgspec.Struct):
    group_type: GroupTypeUpdate


class GroupType(msgspec.Struct, kw_only=True):
    """`group_specs` are for admins."""

    id: str
    name: str
    description: str | None
    is_public: bool
    group_specs: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class Body(msgspec.Struct):
    group_type: GroupType


class ListBody(msgspec.Struct, kw_only=True):
    group_types: list[GroupType]
    group_type_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class SpecsBody(msgspec.Struct):
    group_specs: Specs


def group_type(row: Mapping[str, Any], *, admin: bool) -> GroupType:
    return GroupType(
        id=row["id"], name=row["name"], description=row["description"], is_public=row["is_public"],
        group_specs=row["group_specs"] if admin else msgspec.UNSET,
    )  # fmt: skip
