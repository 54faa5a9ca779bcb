"""Filters and sort keys of lists of volumes."""

from typing import Annotated

import msgspec
import sqlalchemy as sa

from kumoi.kernel.queries import FlagText
from kumoi.kernel.versions import since
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.listing import Condition, NamedPage
from kumoi.services.block_storage.volumes.models import volumes as table

SORT_KEYS = {
    "id": "id", "status": "status", "size": "size", "availability_zone": "availability_zone", "name": "name",
    "display_name": "name", "description": "description", "bootable": "bootable", "created_at": "created_at",
    "updated_at": "updated_at", "host": "host", "volume_type_id": "volume_type_id", "project_id": "project_id",
    "user_id": "user_id", "snapshot_id": "snapshot_id", "source_volid": "source_volume_id",
}  # fmt: skip


class ListQuery(NamedPage, kw_only=True):
    """docs.openstack.org/api-ref/block-storage/v3/#list-accessible-volumes."""

    size: Annotated[int, msgspec.Meta(ge=0)] | None = None
    bootable: FlagText | None = None
    metadata: str | None = None
    glance_metadata: Annotated[str | None, since("3.4")] = None
    volume_type_id: str | None = None
    snapshot_id: str | None = None
    source_volid: str | None = None
    host: str | None = None
    migration_status: str | None = None
    replication_status: str | None = None
    multiattach: FlagText | None = None
    encrypted: FlagText | None = None
    group_id: Annotated[str | None, since("3.10")] = None
    consistencygroup_id: str | None = None
    created_at: Annotated[str | None, since("3.60")] = None
    updated_at: Annotated[str | None, since("3.60")] = None


_EQUAL = {
    "id": table.c.id, "name": table.c.name, "display_name": table.c.name, "description": table.c.description,
    "status": table.c.status, "size": table.c.size, "availability_zone": table.c.availability_zone,
    "volume_type_id": table.c.volume_type_id, "snapshot_id": table.c.snapshot_id,
    "source_volid": table.c.source_volume_id, "group_id": table.c.group_id, "user_id": table.c.user_id,
}  # fmt: skip
_NEVER = ("migration_status", "replication_status", "consistencygroup_id")
_ALWAYS_FALSE = ("multiattach", "encrypted")


def conditions(who: Who, query: ListQuery) -> list[Condition]:
    """InvalidInput names the filter that cannot be read."""
    found = listing.matching(table, who, query, _EQUAL)
    if query.host is not None and who.is_admin:
        found.append(table.c.host == query.host.partition("@")[0])
    if query.bootable is not None:
        found.append(table.c.bootable.is_(listing.truth(query.bootable, "bootable", False)))
    if query.metadata is not None:
        found += listing.pairs(table.c.metadata, query.metadata, "metadata")
    if query.glance_metadata is not None:
        found += listing.pairs(table.c.image_metadata, query.glance_metadata, "glance_metadata")
    for name in ("created_at", "updated_at"):
        if text := getattr(query, name):
            found += listing.instants(table.c[name], text, name)
    found += [sa.false() for name in _NEVER if getattr(query, name) not in (None, "None", "")]
    found += [sa.false() for name in _ALWAYS_FALSE if listing.truth(getattr(query, name), name, False)]
    return found
