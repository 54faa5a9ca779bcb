"""Shapes of transfers: docs.openstack.org/api-ref/block-storage/v3/#volume-transfers-volume-transfers-3-55-or-later."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.versions import since
from kumoi.services.block_storage.listing import Link, Page

Text = Annotated[str, msgspec.Meta(max_length=255)]


class ListQuery(Page, kw_only=True):
    id: str | None = None
    name: str | None = None
    volume_id: str | None = None


class TransferCreate(msgspec.Struct, kw_only=True):
    volume_id: Text
    name: Text | None = None


class TransferCreateSince355(TransferCreate, kw_only=True):
    no_snapshots: bool | str | None = None


class OldCreateBody(msgspec.Struct):
    transfer: TransferCreate


class CreateBody(msgspec.Struct):
    transfer: TransferCreateSince355


class Accept(msgspec.Struct):
    auth_key: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class AcceptBody(msgspec.Struct):
    accept: Accept


class Item(msgspec.Struct, kw_only=True):
    id: str
    volume_id: str
    name: str | None
    links: list[Link]


class Transfer(Item, kw_only=True):
    created_at: str
    no_snapshots: Annotated[bool | msgspec.UnsetType, since("3.55")] = msgspec.UNSET
    source_project_id: Annotated[str | msgspec.UnsetType, since("3.57")] = msgspec.UNSET
    destination_project_id: Annotated[str | msgspec.UnsetType | None, since("3.57")] = msgspec.UNSET
    accepted: Annotated[bool | msgspec.UnsetType, since("3.57")] = msgspec.UNSET


class New(Transfer, kw_only=True):
    auth_key: str


class Body(msgspec.Struct):
    transfer: Transfer


class NewBody(msgspec.Struct):
    transfer: New


class AcceptedBody(msgspec.Struct):
    transfer: Item


class ListBody(msgspec.Struct, kw_only=True):
    transfers: list[Item]
    transfers_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class DetailBody(msgspec.Struct, kw_only=True):
    transfers: list[Transfer]
    transfers_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


def item(row: Mapping[str, Any], links: list[Link]) -> Item:
    return Item(id=row["id"], volume_id=row["volume_id"], name=row["name"], links=links)


def _fields(row: Mapping[str, Any], links: list[Link], *, old: bool) -> dict[str, Any]:
    """`old`: as the address before 3.55 shows it."""
    fields = {
        "id": row["id"], "volume_id": row["volume_id"], "name": row["name"], "links": links,
        "created_at": clock.iso_microseconds(row["created_at"]),
    }  # fmt: skip
    if not old:
        fields |= {
            "no_snapshots": row["no_snapshots"], "source_project_id": row["project_id"],
            "destination_project_id": None, "accepted": False,
        }  # fmt: skip
    return fields


def transfer(row: Mapping[str, Any], links: list[Link], *, old: bool) -> Transfer:
    return Transfer(**_fields(row, links, old=old))


def new(row: Mapping[str, Any], links: list[Link], key: str, *, old: bool) -> New:
    return New(**_fields(row, links, old=old), auth_key=key)
