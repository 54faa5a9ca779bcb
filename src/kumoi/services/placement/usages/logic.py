"""The usage of a project, in total or by consumer type."""

from kumoi.kernel.database import Transaction
from kumoi.services.placement.allocations import store as allocations_store
from kumoi.services.placement.inventories import store as inventories_store
from kumoi.services.placement.resource_providers import logic as providers
from kumoi.services.placement.resource_providers.models import ResourceProviderRow

UNKNOWN = "unknown"
"""The API's name for consumers without a type."""


def of_provider(tx: Transaction, provider_id: str) -> tuple[ResourceProviderRow, dict[str, int]]:
    """The provider's row, and the usage of each of its resource classes."""
    row = providers.existing(tx, provider_id)
    used = allocations_store.used(tx, [provider_id]).get(provider_id, {})
    return row, {name: used.get(name, 0) for name in inventories_store.of_provider(tx, provider_id)}


def total(tx: Transaction, project_id: str, user_id: str | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in allocations_store.sums_of_project(tx, project_id, user_id):
        found[row["resource_class"]] = found.get(row["resource_class"], 0) + int(row["used"])
    return found


def by_type(tx: Transaction, project_id: str, user_id: str | None, wanted: str | None) -> dict[str, dict[str, int]]:
    """`wanted`: one type, `all` to add them up, None for each."""
    counts = allocations_store.consumers_of_project(tx, project_id, user_id)
    found: dict[str, dict[str, int]] = {}
    for row in allocations_store.sums_of_project(tx, project_id, user_id):
        kind = row["type"] or UNKNOWN
        if wanted == "all":
            kind = "all"
        elif wanted not in (None, kind):
            continue
        count = sum(counts.values()) if kind == "all" else counts.get(row["type"], 0)
        mine = found.setdefault(kind, {"consumer_count": count})
        mine[row["resource_class"]] = mine.get(row["resource_class"], 0) + int(row["used"])
    return found
