"""Which volumes a caller sees."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.attachment_rows import store as attachment_rows_store
from kumoi.services.block_storage.attachment_rows.models import AttachmentRow
from kumoi.services.block_storage.volume_types import store as volume_types_store
from kumoi.services.block_storage.volumes import filters, store
from kumoi.services.block_storage.volumes.logic.changes import visible
from kumoi.services.block_storage.volumes.models import VolumeRow
from kumoi.services.block_storage.volumes.models import volumes as table


def page(tx: Transaction, who: Who, query: filters.ListQuery) -> list[VolumeRow]:
    marker = visible(tx, who, query.marker) if query.marker else None
    order = listing.order(table, query, filters.SORT_KEYS)
    return store.list_of(tx, filters.conditions(who, query), order, marker, query.length, query.offset or 0)


def count(tx: Transaction, who: Who, query: filters.ListQuery) -> int:
    """On all pages."""
    return store.count(tx, filters.conditions(who, query))[0]


def summary(tx: Transaction, who: Who, query: filters.ListQuery) -> tuple[int, int, dict[str, list[str]]]:
    """The number of volumes, their GiB, and each metadata key with its values."""
    number, gib = store.count(tx, conditions := filters.conditions(who, query))
    found: dict[str, set[str]] = {}
    for metadata in store.metadata_of(tx, conditions):
        for key, value in metadata.items():
            found.setdefault(key, set()).add(value)
    return number, gib, {key: sorted(values) for key, values in sorted(found.items())}


def related(tx: Transaction, rows: list[VolumeRow]) -> tuple[dict[str, str], dict[str, AttachmentRow]]:
    """Type id → name, and volume → its attachment, by two queries however many there are."""
    return volume_types_store.names(tx), attachment_rows_store.of_volumes(tx, [row["id"] for row in rows])
