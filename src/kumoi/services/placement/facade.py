"""What other services may call in placement: register providers with their inventories, and find, claim and release
resources. It returns facts; each service has its own texts (decision 13)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.services.placement.aggregates import store as aggregates_store
from kumoi.services.placement.allocations import logic as allocations_logic
from kumoi.services.placement.allocations import store as allocations_store
from kumoi.services.placement.amounts import LARGEST
from kumoi.services.placement.errors import NoRoom, ProviderNotFound
from kumoi.services.placement.inventories import store as inventories_store
from kumoi.services.placement.inventories.models import InventoryRow, capacity, misfit
from kumoi.services.placement.resource_providers import logic as resource_providers_logic
from kumoi.services.placement.resource_providers import store as resource_providers_store
from kumoi.services.placement.traits import store as traits_store
from kumoi.services.placement.traits.standard import STANDARD


@dataclass(frozen=True)
class Inventory:
    """As the API's inventory records; capacity is (total - reserved) x allocation_ratio, rounded down."""

    total: int
    reserved: int = 0
    allocation_ratio: float = 1.0
    min_unit: int = 1
    max_unit: int = LARGEST
    step_size: int = 1


@dataclass(frozen=True)
class Candidate:
    provider_id: str
    name: str


@dataclass(frozen=True)
class Lack:
    """Why an amount does not fit on a provider."""

    resource_class: str
    missing: int
    """How much more the provider would need; 0: it has capacity, but `units` forbid the amount."""
    free: int
    capacity: int | None
    """None: the provider has no inventory of it."""
    units: str | None = None
    """The rule of the inventory's units that the amount violates, in placement's words."""


@dataclass(frozen=True)
class Shortfall:
    """Why a provider is no candidate."""

    provider_name: str
    lacks: list[Lack]
    forbidden: list[str]
    """Its forbidden traits."""
    required: list[str]
    """Traits that it needs and does not have."""


def ensure_provider(
    tx: Transaction, provider_id: str, name: str, inventories: Mapping[str, Inventory], traits: Sequence[str] = ()
) -> None:
    """Set the provider's inventories and traits to exactly these. Allocations stay, even if they exceed the capacity.
    Writes nothing if nothing differs. An inventory in use is not removed."""
    row = resource_providers_store.find(tx, provider_id)
    if row is None:
        resource_providers_store.insert(tx, provider_id, name)
    elif row["name"] != name:
        resource_providers_store.update(tx, provider_id, name=name)
    now = inventories_store.of_provider(tx, provider_id)
    changed = False
    for resource_class, inventory in inventories.items():
        values = asdict(inventory)
        before: Mapping[str, Any] | None = now.get(resource_class)
        if before is None or any(before[field] != value for field, value in values.items()):
            inventories_store.put(tx, provider_id, resource_class, values)
            changed = True
    in_use = allocations_store.used(tx, [provider_id]).get(provider_id, {})
    surplus = [name for name in now if name not in inventories and name not in in_use]
    if surplus:
        inventories_store.delete(tx, provider_id, surplus)
        changed = True
    if set(traits_store.of_provider(tx, provider_id)) != set(traits):
        traits_store.replace(tx, provider_id, traits)
        changed = True
    if changed:
        resource_providers_store.advance(tx, [provider_id])


def remove_provider(tx: Transaction, provider_id: str) -> None:
    """Also if there is none. ResourceProviderInUse (409) if something is claimed on it."""
    if resource_providers_store.find(tx, provider_id) is not None:
        resource_providers_logic.delete(tx, provider_id)


def join_aggregate(tx: Transaction, provider_id: str, aggregate_id: str) -> None:
    """Put the provider into an aggregate. The aggregates that others put it into stay."""
    aggregates_store.replace(tx, provider_id, {*aggregates_store.of_provider(tx, provider_id), aggregate_id})


def leave_aggregate(tx: Transaction, provider_id: str, aggregate_id: str) -> None:
    left = [name for name in aggregates_store.of_provider(tx, provider_id) if name.lower() != aggregate_id.lower()]
    aggregates_store.replace(tx, provider_id, left)


def inventories(tx: Transaction, provider_ids: Sequence[str]) -> dict[str, dict[str, Inventory]]:
    """Provider → resource class → inventory."""
    return {
        provider_id: {
            name: Inventory(
                row["total"],
                row["reserved"],
                row["allocation_ratio"],
                row["min_unit"],
                row["max_unit"],
                row["step_size"],
            )
            for name, row in rows.items()
        }
        for provider_id, rows in inventories_store.of_providers(tx, provider_ids).items()
    }


def candidates(
    tx: Transaction,
    resources: Mapping[str, int],
    required: Sequence[str] = (),
    forbidden: Sequence[str] = (),
    most_free: str | None = None,
) -> list[Candidate]:
    """Providers that can take all of `resources` now and have the required traits and none of the forbidden ones.
    Sorted by the free amount of `most_free` (a resource class), largest first, then by name. Without resources:
    none."""
    fitting = [
        (0 if most_free is None else -view.free(most_free), view.name, view.provider_id)
        for view in _views(tx, resources)
        if not view.lacks(resources) and not view.unsuited(required, forbidden)
    ]
    return [Candidate(provider_id, name) for _, name, provider_id in sorted(fitting)]


def shortfalls(
    tx: Transaction, resources: Mapping[str, int], required: Sequence[str] = (), forbidden: Sequence[str] = ()
) -> list[Shortfall]:
    """Every provider that is no candidate, by name."""
    found = []
    for view in _views(tx, resources):
        lacks = view.lacks(resources)
        if lacks or view.unsuited(required, forbidden):
            has = [trait for trait in forbidden if trait in view.traits]
            found.append(Shortfall(view.name, lacks, has, [trait for trait in required if trait not in view.traits]))
    return sorted(found, key=lambda shortfall: shortfall.provider_name)


def claim(
    tx: Transaction,
    consumer_id: str,
    provider_id: str,
    resources: Mapping[str, int],
    project_id: str,
    user_id: str,
    consumer_type: str | None = None,
) -> None:
    """Claim resources, and replace the consumer's earlier claim (so that a claim may be repeated). NoRoom if they do
    not fit, ProviderNotFound. Amounts of 0 are left out."""
    amounts = {name: amount for name, amount in resources.items() if amount}
    allocations_logic.replace(
        tx, consumer_id, {provider_id: amounts}, project_id=project_id, user_id=user_id, consumer_type=consumer_type
    )


def release(tx: Transaction, consumer_id: str) -> None:
    """Also if it has nothing."""
    allocations_logic.remove(tx, consumer_id)


def allocations_of(tx: Transaction, consumer_ids: Iterable[str]) -> dict[str, dict[str, dict[str, int]]]:
    """Consumer → provider → resource class → amount; consumers without allocations are left out."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in allocations_store.of_consumers(tx, consumer_ids):
        found.setdefault(row["consumer_id"], {}).setdefault(row["provider_id"], {})[row["resource_class"]] = row["used"]
    return found


def usages(tx: Transaction, provider_id: str) -> dict[str, int]:
    """Resource class → amount in use."""
    return allocations_store.used(tx, [provider_id]).get(provider_id, {})


def usages_of(tx: Transaction, provider_ids: Iterable[str]) -> dict[str, dict[str, int]]:
    """Provider → resource class → amount in use."""
    return allocations_store.used(tx, provider_ids)


def known_traits(tx: Transaction, names: Iterable[str]) -> list[str]:
    """The existing traits among the names, standard or custom, sorted."""
    return sorted(set(names) & (STANDARD | traits_store.custom(tx)))


def consumer_counts(tx: Transaction) -> dict[str, int]:
    """Provider → number of its consumers."""
    return allocations_store.consumer_counts(tx)


def provider_ids(tx: Transaction) -> list[str]:
    return [row["id"] for row in resource_providers_store.every(tx)]


def consumers(tx: Transaction, consumer_type: str | None = None) -> list[str]:
    """The ids of all consumers; of a type: those of it and those that have none."""
    return allocations_store.consumer_ids(tx, consumer_type)


@dataclass(frozen=True)
class _View:
    provider_id: str
    name: str
    inventory: dict[str, InventoryRow]
    used: dict[str, int]
    traits: set[str]

    def free(self, resource_class: str) -> int:
        row = self.inventory.get(resource_class)
        return capacity(row) - self.used.get(resource_class, 0) if row else 0

    def lacks(self, resources: Mapping[str, int]) -> list[Lack]:
        found = []
        for name, amount in resources.items():
            row = self.inventory.get(name)
            if not amount:
                continue
            if row is None:
                found.append(Lack(name, amount, 0, None))
                continue
            free = max(self.free(name), 0)
            room = max(min(free, row["max_unit"]), 0)
            units = misfit(row, amount)
            if amount > room:
                found.append(Lack(name, amount - room, free, capacity(row)))
            elif units:
                found.append(Lack(name, 0, free, capacity(row), units))
        return found

    def unsuited(self, required: Sequence[str], forbidden: Sequence[str]) -> bool:
        return not self.traits.issuperset(required) or not self.traits.isdisjoint(forbidden)


def _views(tx: Transaction, resources: Mapping[str, int]) -> list[_View]:
    """Providers with an inventory of any of the requested resource classes."""
    asked = [name for name, amount in resources.items() if amount]
    ids = inventories_store.providers_with(tx, asked) if asked else set()
    if not ids:
        return []
    inventory = inventories_store.of_providers(tx, ids)
    used = allocations_store.used(tx, ids)
    has = traits_store.of_providers(tx, ids)
    return [
        _View(row["id"], row["name"], inventory.get(row["id"], {}), used.get(row["id"], {}), has.get(row["id"], set()))
        for row in resource_providers_store.every(tx, ids)
    ]


__all__ = [
    "Candidate",
    "Inventory",
    "Lack",
    "NoRoom",
    "ProviderNotFound",
    "Shortfall",
    "allocations_of",
    "candidates",
    "claim",
    "consumer_counts",
    "consumers",
    "ensure_provider",
    "join_aggregate",
    "known_traits",
    "leave_aggregate",
    "provider_ids",
    "release",
    "remove_provider",
    "shortfalls",
    "usages",
    "usages_of",
]  # fmt: skip
