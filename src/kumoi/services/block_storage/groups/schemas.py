"""Shapes of groups: docs.openstack.org/api-ref/block-storage/v3/#generic-volume-groups-groups."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.queries import FlagText
from kumoi.kernel.versions import since
from kumoi.services.block_storage.listing import Link, Page

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Text = Annotated[str, msgspec.Meta(max_length=255)]
Ids = Annotated[str, msgspec.Meta(max_length=10_000)]


class ListQuery(Page, kw_only=True):
    id: str | None = None
    name: str | None = None
    status: str | None = None
    group_type: str | None = None
    list_volume: Annotated[FlagText | None, since("3.25")] = None


class ShowQuery(msgspec.Struct, kw_only=True):
    list_volume: Annotated[FlagText | None, since("3.25")] = None


class GroupCreate(msgspec.Struct, kw_only=True):
    group_type: Name
    volume_types: Annotated[list[Name], msgspec.Meta(min_length=1, max_length=128)]
    name: Text | None = None
    description: Text | None = None
    availability_zone: Text | None = None


class CreateBody(msgspec.Struct):
    group: GroupCreate


class FromSource(msgspec.Struct, kw_only=True):
    name: Text | None = None
    description: Text | None = None
    group_snapshot_id: Text | None = None
    source_group_id: Text | None = None


class GroupUpdate(msgspec.Struct, kw_only=True):
    """`add_volumes`, `remove_volumes`: ids with commas between them."""

    name: Text | None = None
    description: Text | None = None
    add_volumes: Ids | None = None
    remove_volumes: Ids | None = None


class UpdateBody(msgspec.Struct):
    group: GroupUpdate


class Delete(msgspec.Struct, kw_only=True):
    delete_volumes: bool | str | None = msgspec.field(default=None, name="delete-volumes")


class Status(msgspec.Struct):
    status: Text


class Item(msgspec.Struct, kw_only=True):
    id: str
    name: str | None


class Group(Item, kw_only=True):
    """`volumes` if they are asked for."""

    status: str
    description: str | None
    availability_zone: str
    created_at: str
    group_type: str
    volume_types: list[str]
    group_snapshot_id: Annotated[str | None, since("3.14")]
    source_group_id: Annotated[str | None, since("3.14")]
    volumes: Annotated[list[str] | msgspec.UnsetType, since("3.25")] = msgspec.UNSET
    replication_status: Annotated[str | None, since("3.38")] = "disabled"


class CreatedBody(msgspec.Struct):
    group: Item


class Body(msgspec.Struct):
    group: Group


class ListBody(msgspec.Struct, kw_only=True):
    groups: list[Item]
    groups_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class DetailBody(msgspec.Struct, kw_only=True):
    groups: list[Group]
    groups_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


def item(row: Mapping[str, Any]) -> Item:
    return Item(id=row["id"], name=row["name"])


def group(row: Mapping[str, Any], volumes: list[str] | None) -> Group:
    return Group(
        id=row["id"], name=row["name"], status=row["status"], description=row["description"],
        availability_zone=row["availability_zone"], created_at=clock.iso_microseconds(row["created_at"]),
        group_type=row["group_type_id"], volume_types=row["volume_types"],
        group_snapshot_id=row["group_snapshot_id"], source_group_id=row["source_group_id"],
        volumes=msgspec.UNSET if volumes is None else volumes,
    )  # fmt: skip
