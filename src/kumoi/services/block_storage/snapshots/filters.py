"""Filters and sort keys of lists of snapshots."""

from typing import Annotated

import msgspec
import sqlalchemy as sa

from kumoi.kernel import patterns
from kumoi.kernel.queries import FlagText
from kumoi.kernel.versions import since
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.listing import Condition, Page
from kumoi.services.block_storage.snapshot_rows.models import snapshots as table

SORT_KEYS = {
    "id": "id", "status": "status", "volume_id": "volume_id", "volume_size": "size", "size": "size", "name": "name",
    "display_name": "name", "description": "description", "created_at": "created_at", "updated_at": "updated_at",
    "project_id": "project_id", "user_id": "user_id",
}  # fmt: skip


class ListQuery(Page, kw_only=True):
    """docs.openstack.org/api-ref/block-storage/v3/#list-accessible-snapshots."""

    id: str | None = None
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    status: str | None = None
    volume_id: str | None = None
    volume_size: Annotated[int, msgspec.Meta(ge=0)] | None = None
    user_id: str | None = None
    availability_zone: str | None = None
    metadata: Annotated[str | None, since("3.22")] = None
    consumes_quota: Annotated[FlagText | None, since("3.65")] = None
    name_like: Annotated[str | None, since("3.31")] = msgspec.field(default=None, name="name~")
    description_like: Annotated[str | None, since("3.31")] = msgspec.field(default=None, name="description~")
    status_like: Annotated[str | None, since("3.31")] = msgspec.field(default=None, name="status~")


_EQUAL = {
    "id": table.c.id, "name": table.c.name, "display_name": table.c.name, "description": table.c.description,
    "status": table.c.status, "volume_id": table.c.volume_id, "volume_size": table.c.size, "user_id": table.c.user_id,
}  # fmt: skip
_LIKE = {"name_like": table.c.name, "description_like": table.c.description, "status_like": table.c.status}


def conditions(who: Who, query: ListQuery) -> list[Condition]:
    """InvalidInput names the filter that cannot be read."""
    found = listing.whose(table.c.project_id, who, query)
    for name, column in _EQUAL.items():
        if (value := getattr(query, name)) is not None:
            found.append(column == value)
    for name, column in _LIKE.items():
        if (value := getattr(query, name)) is not None:
            found.append(patterns.contains(column, value, ignore_case=True))
    if query.availability_zone not in (None, "nova"):
        found.append(sa.false())
    if query.metadata is not None:
        found += listing.pairs(table.c.metadata, query.metadata, "metadata")
    if not listing.truth(query.consumes_quota, "consumes_quota", True):
        found.append(sa.false())
    return found
