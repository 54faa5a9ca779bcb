"""Shapes of keypairs: docs.openstack.org/api-ref/compute/#keypairs-keypairs."""

from typing import Annotated, Literal

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.pagination import Limit
from kumoi.kernel.versions import since
from kumoi.services.compute.keypairs.models import KeypairRow

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class KeypairCreate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    public_key: str | None = None
    type: Annotated[Literal["ssh", "x509"], since("2.2")] = "ssh"
    user_id: Annotated[str | None, since("2.10")] = None


class CreateBody(msgspec.Struct):
    keypair: KeypairCreate


class ListQuery(msgspec.Struct, kw_only=True):
    user_id: Annotated[str | None, since("2.10")] = None
    limit: Annotated[Limit | None, since("2.35")] = None
    marker: Annotated[str | None, since("2.35")] = None


class ShowQuery(msgspec.Struct, kw_only=True):
    user_id: Annotated[str | None, since("2.10")] = None


class Keypair(msgspec.Struct, kw_only=True):
    name: str
    type: Annotated[str, since("2.2")]
    fingerprint: str
    public_key: str


class KeypairCreated(Keypair, kw_only=True):
    user_id: str
    private_key: str | msgspec.UnsetType = msgspec.UNSET


class KeypairDetail(Keypair, kw_only=True):
    id: int
    user_id: str
    created_at: str
    updated_at: str | None = None
    deleted: bool = False
    deleted_at: str | None = None


class CreatedBody(msgspec.Struct):
    keypair: KeypairCreated


class ShowBody(msgspec.Struct):
    keypair: KeypairDetail


class ListItem(msgspec.Struct):
    keypair: Keypair


class Link(msgspec.Struct):
    rel: str
    href: str


class ListBody(msgspec.Struct, kw_only=True):
    keypairs: list[ListItem]
    keypairs_links: Annotated[list[Link] | msgspec.UnsetType, since("2.35")] = msgspec.UNSET


def keypair(row: KeypairRow) -> Keypair:
    return Keypair(name=row["name"], type=row["type"], fingerprint=row["fingerprint"], public_key=row["public_key"])


def created(row: KeypairRow, private_key: str | None) -> CreatedBody:
    return CreatedBody(
        KeypairCreated(
            name=row["name"], type=row["type"], fingerprint=row["fingerprint"], public_key=row["public_key"],
            user_id=row["user_id"], private_key=private_key or msgspec.UNSET,
        )
    )  # fmt: skip


def detail(row: KeypairRow) -> ShowBody:
    return ShowBody(
        KeypairDetail(
            id=row["id"], name=row["name"], type=row["type"], fingerprint=row["fingerprint"],
            public_key=row["public_key"], user_id=row["user_id"], created_at=clock.iso(row["created_at"]),
        )
    )  # fmt: skip
