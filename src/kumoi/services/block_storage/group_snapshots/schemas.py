"""Shapes of group snapshots: docs.openstack.org/api-ref/block-storage/v3/#group-snapshots-group-snapshots."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock
from kumoi.services.block_storage.listing import Link, Page

Text = Annotated[str, msgspec.Meta(max_length=255)]


class ListQuery(Page, kw_only=True):
    id: str | None = None
    name: str | None = None
    group_id: str | None = None


class GroupSnapshotCreate(msgspec.Struct, kw_only=True):
    group_id: Text
    name: Text | None = None
    description: Text | None = None


class CreateBody(msgspec.Struct):
    group_snapshot: GroupSnapshotCreate


class Status(msgspec.Struct):
    status: Text


class Item(msgspec.Struct, kw_only=True):
    id: str
    name: str | None


class Made(Item, kw_only=True):
    group_type_id: str


class GroupSnapshot(Made, kw_only=True):
    group_id: str
    status: str
    created_at: str
    description: str | None


class CreatedBody(msgspec.Struct):
    group_snapshot: Made


class Body(msgspec.Struct):
    group_snapshot: GroupSnapshot


class ListBody(msgspec.Struct, kw_only=True):
    group_snapshots: list[Item]
    group_snapshots_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class DetailBody(msgspec.Struct, kw_only=True):
    group_snapshots: list[GroupSnapshot]
    group_snapshots_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


def item(row: Mapping[str, Any]) -> Item:
    return Item(id=row["id"], name=row["name"])


def made(row: Mapping[str, Any]) -> Made:
    return Made(id=row["id"], name=row["name"], group_type_id=row["group_type_id"])


def group_snapshot(row: Mapping[str, Any], status: str) -> GroupSnapshot:
    return GroupSnapshot(
        id=row["id"], name=row["name"], group_type_id=row["group_type_id"], group_id=row["group_id"], status=status,
        created_at=clock.iso_microseconds(row["created_at"]), description=row["description"],
    )  # fmt: skip
