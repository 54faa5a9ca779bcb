"""Filters and sort keys of lists of backups."""

from typing import Annotated

import msgspec
import sqlalchemy as sa

from kumoi.kernel import patterns
from kumoi.kernel.versions import since
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.backup_rows.models import backups as table
from kumoi.services.block_storage.listing import Condition, Page

SORT_KEYS = {
    name: name
    for name in (
        "id", "name", "status", "volume_id", "snapshot_id", "size", "created_at", "updated_at", "container",
        "description", "availability_zone", "host", "object_count", "fail_reason", "parent_id", "data_timestamp",
        "project_id", "user_id",
    )
}  # fmt: skip


class ListQuery(Page, kw_only=True):
    """docs.openstack.org/api-ref/block-storage/v3/#list-backups-for-project."""

    id: str | None = None
    name: str | None = None
    status: str | None = None
    volume_id: str | None = None
    snapshot_id: str | None = None
    size: Annotated[int, msgspec.Meta(ge=0)] | None = None
    user_id: str | None = None
    availability_zone: str | None = None
    metadata: Annotated[str | None, since("3.43")] = None
    name_like: Annotated[str | None, since("3.31")] = msgspec.field(default=None, name="name~")
    status_like: Annotated[str | None, since("3.31")] = msgspec.field(default=None, name="status~")


_EQUAL = ("id", "name", "status", "volume_id", "snapshot_id", "size", "user_id", "availability_zone")


def conditions(who: Who, query: ListQuery) -> list[Condition]:
    """InvalidInput names the filter that cannot be read."""
    found: list[sa.ColumnElement[bool]] = listing.whose(table.c.project_id, who, query)
    for name in _EQUAL:
        if (value := getattr(query, name)) is not None:
            found.append(table.c[name] == value)
    for column in (table.c.name, table.c.status):
        if (part := getattr(query, f"{column.name}_like")) is not None:
            found.append(patterns.contains(column, part, ignore_case=True))
    if query.metadata is not None:
        found += listing.pairs(table.c.metadata, query.metadata, "metadata")
    return found
