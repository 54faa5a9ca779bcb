"""Routes of resource filters."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import narrowed, since
from kumoi.services.block_storage.attachments.schemas import ListQuery as AttachmentQuery
from kumoi.services.block_storage.listing import Page
from kumoi.services.block_storage.messages.schemas import ListQuery as MessageQuery
from kumoi.services.block_storage.snapshots.filters import ListQuery as SnapshotQuery
from kumoi.services.block_storage.volume_types.schemas import ListQuery as TypeQuery
from kumoi.services.block_storage.volumes.filters import ListQuery as VolumeQuery

routes = Routes()


class Filters(msgspec.Struct):
    resource: str
    filters: list[str]


LISTS: dict[str, type[msgspec.Struct]] = {
    "volume": VolumeQuery, "snapshot": SnapshotQuery, "attachment": AttachmentQuery, "message": MessageQuery,
    "volume_type": TypeQuery,
}  # fmt: skip
_NO_FILTERS = {field.encode_name for field in msgspec.structs.fields(Page)}


class Query(msgspec.Struct, kw_only=True):
    resource: str | None = None


@routes.get(
    "/resource_filters",
    policy=policy.reader(),
    query=Query,
    versions=since("3.33"),
    reply=under("resource_filters", list[Filters]),
)
def index(request: Request, query: Query) -> dict[str, Any]:
    assert request.version is not None
    found = []
    for resource, kind in LISTS.items():
        if query.resource in (None, resource):
            names = {field.encode_name for field in msgspec.structs.fields(narrowed(kind, request.version))}
            found.append({"resource": resource, "filters": sorted(names - _NO_FILTERS)})
    return {"resource_filters": found}
