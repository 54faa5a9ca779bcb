"""Filters and sort keys of lists of snapshots."""

from typing import Annotated

import msgspec
import sqlalchemy as sa

from kumoi.kernel.versions import since
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.listing import Condition, NamedPage
from kumoi.services.block_storage.snapshot_rows.models import snapshots as table

SORT_KEYS = {
    "id": "id", "status": "status", "volume_id": "volume_id", "volume_size": "size", "size": "size", "name": "name",
    "display_name": "name", "description": "description", "created_at": "created_at", "updated_at": "updated_at",
    "project_id": "project_id", "user_id": "user_id",
}  # fmt: skip


class ListQuery(NamedPage, kw_only=True):
    """docs.openstack.org/api-ref/block-storage/v3/#list-accessible-snapshots."""

    volume_id: str | None = None
    volume_size: Annotated[int, msgspec.Meta(ge=0)] | None = None
    metadata: Annotated[str | None, since("3.22")] = None


_EQUAL = {
    "id": table.c.id, "name": table.c.name, "display_name": table.c.name, "description": table.c.description,
    "status": table.c.status, "volume_id": table.c.volume_id, "volume_size": table.c.size, "user_id": table.c.user_id,
}  # fmt: skip


def conditions(who: Who, query: ListQuery) -> list[Condition]:
    """InvalidInput names the filter that cannot be read."""
    found = listing.matching(table, who, query, _EQUAL)
    if query.availability_zone not in (None, "nova"):
        found.append(sa.false())
    if query.metadata is not None:
        found += listing.pairs(table.c.metadata, query.metadata, "metadata")
    return found
