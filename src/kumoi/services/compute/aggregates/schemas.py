"""Shapes of aggregates: docs.openstack.org/api-ref/compute/#host-aggregates-os-aggregates."""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.versions import since
from kumoi.services.compute.aggregate_rows.models import ZONE_KEY, AggregateRow

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Zone = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern="^[^:]*$")]
MetadataKey = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9\-_:. ]+$")]
MetadataValue = Annotated[str, msgspec.Meta(max_length=255)]
Uuid = Annotated[str, msgspec.Meta(pattern="^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$")]


class Create(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    availability_zone: Zone | None = None


class Update(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name | msgspec.UnsetType = msgspec.UNSET
    availability_zone: Zone | msgspec.UnsetType = msgspec.UNSET


class CreateBody(msgspec.Struct, forbid_unknown_fields=True):
    aggregate: Create


class UpdateBody(msgspec.Struct, forbid_unknown_fields=True):
    aggregate: Update


class OfHost(msgspec.Struct, forbid_unknown_fields=True):
    host: Name


class SetMetadata(msgspec.Struct, forbid_unknown_fields=True):
    metadata: dict[MetadataKey, MetadataValue | None]
    """None removes the key."""


class ImageToCache(msgspec.Struct, forbid_unknown_fields=True):
    id: Uuid


class CacheBody(msgspec.Struct, forbid_unknown_fields=True):
    cache: Annotated[list[ImageToCache], msgspec.Meta(min_length=1)]


class Aggregate(msgspec.Struct, kw_only=True):
    id: int
    uuid: Annotated[str, since("2.41")]
    name: str
    availability_zone: str | None
    hosts: list[str] | msgspec.UnsetType = msgspec.UNSET
    metadata: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    created_at: str
    updated_at: str | None
    deleted: bool = False
    deleted_at: str | None = None


class Body(msgspec.Struct):
    aggregate: Aggregate


class ListBody(msgspec.Struct):
    aggregates: list[Aggregate]


def aggregate(row: AggregateRow, hosts: Iterable[str] | None) -> Aggregate:
    """`hosts` None: a new one, which is shown without hosts and metadata."""
    return Aggregate(
        id=row["number"], uuid=row["id"], name=row["name"], availability_zone=row["metadata"].get(ZONE_KEY),
        hosts=msgspec.UNSET if hosts is None else list(hosts),
        metadata=msgspec.UNSET if hosts is None else row["metadata"],
        created_at=clock.iso_microseconds(row["created_at"]),
        updated_at=None if row["updated_at"] is None else clock.iso_microseconds(row["updated_at"]),
    )  # fmt: skip
