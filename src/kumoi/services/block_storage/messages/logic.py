"""Which messages a caller may see and delete."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.messages import store
from kumoi.services.block_storage.messages.models import messages as table
from kumoi.services.block_storage.messages.schemas import ListQuery

_KEYS = {
    "id": "id", "event_id": "event_id", "resource_type": "resource_type", "resource_uuid": "resource_id",
    "request_id": "request_id", "message_level": "level", "created_at": "created_at",
}  # fmt: skip


rows = store.rows


def page(tx: Transaction, who: Who, query: ListQuery) -> list[dict[str, Any]]:
    marker = rows.visible(tx, who, query.marker) if query.marker else None
    conditions = listing.whose(table.c.project_id, who, query)
    for column, value in (
        (table.c.resource_id, query.resource_uuid), (table.c.resource_type, query.resource_type),
        (table.c.event_id, query.event_id), (table.c.request_id, query.request_id),
        (table.c.level, query.message_level),
    ):  # fmt: skip
        if value is not None:
            conditions.append(column == value)
    return store.list_of(
        tx, conditions, listing.order(table, query, _KEYS), marker, query.length, query.offset or 0
    )  # fmt: skip
