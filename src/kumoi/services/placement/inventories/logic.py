"""Checks changes of a provider's inventory: the values must be valid and cover the usage."""

from collections.abc import Mapping, Sequence
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Conflict, NotFound
from kumoi.services.placement.errors import InventoryInUse
from kumoi.services.placement.inventories import store
from kumoi.services.placement.inventories.models import InventoryRow, refusal
from kumoi.services.placement.queries import Wish
from kumoi.services.placement.resource_classes import logic as resource_classes
from kumoi.services.placement.resource_classes import models as resource_class_models
from kumoi.services.placement.resource_providers import filters
from kumoi.services.placement.resource_providers import logic as providers_logic
from kumoi.services.placement.resource_providers import models as provider_models
from kumoi.services.placement.resource_providers import store as resource_providers_store
from kumoi.services.placement.resource_providers.models import ResourceProviderRow

Values = Mapping[str, Any]
OfProvider = tuple[ResourceProviderRow, dict[str, InventoryRow]]
"""The provider's row, and resource class → inventory row."""


def replace(
    tx: Transaction, provider_id: str, generation: int, wanted: Mapping[str, Values], *, all_reserved: bool
) -> OfProvider:
    """Set the provider's inventory to exactly this. `all_reserved`: everything may be reserved."""
    row = providers_logic.existing(tx, provider_id)
    resource_classes.check(tx, wanted)
    for name, values in wanted.items():
        _check(name, values, all_reserved)
    providers_logic.same_generation(row, generation)
    before = store.of_provider(tx, provider_id)
    _remove(tx, provider_id, set(before) - set(wanted))
    for name, values in wanted.items():
        store.put(tx, provider_id, name, values)
    return _advanced(tx, provider_id)


def add(
    tx: Transaction, provider_id: str, name: str, values: Values, generation: int | None, *, all_reserved: bool
) -> OfProvider:
    row = providers_logic.existing(tx, provider_id)
    resource_classes.check(tx, [name])
    _check(name, values, all_reserved)
    if generation is not None:
        providers_logic.same_generation(row, generation)
    if name in store.of_provider(tx, provider_id):
        raise Conflict(f"Update conflict: inventory of {name} exists on provider {provider_id}.")
    store.put(tx, provider_id, name, values)
    return _advanced(tx, provider_id)


def change(
    tx: Transaction, provider_id: str, name: str, values: Values, generation: int, *, all_reserved: bool
) -> OfProvider:
    row = providers_logic.existing(tx, provider_id)
    resource_classes.check(tx, [name])
    _check(name, values, all_reserved)
    providers_logic.same_generation(row, generation)
    if name not in store.of_provider(tx, provider_id):
        raise BadRequest(f"Unable to change inventory: no inventory of class {name} found on provider {provider_id}.")
    store.put(tx, provider_id, name, values)
    return _advanced(tx, provider_id)


def of_provider(tx: Transaction, provider_id: str) -> OfProvider:
    return providers_logic.existing(tx, provider_id), store.of_provider(tx, provider_id)


def existing(tx: Transaction, provider_id: str, name: str) -> tuple[ResourceProviderRow, InventoryRow]:
    """The provider's row and the inventory's."""
    row = providers_logic.existing(tx, provider_id)
    found = store.of_provider(tx, provider_id).get(name)
    if found is None:
        raise NotFound(f"No inventory of class {name[:255]} for {provider_id}")
    return row, found


def remove(tx: Transaction, provider_id: str, name: str | None = None) -> None:
    """One, or all."""
    if name is None:
        providers_logic.existing(tx, provider_id)
        names = set(store.of_provider(tx, provider_id))
    else:
        existing(tx, provider_id, name)
        names = {name}
    _remove(tx, provider_id, names)
    resource_providers_store.advance(tx, [provider_id])


def _remove(tx: Transaction, provider_id: str, names: set[str]) -> None:
    if not names:
        return
    in_use = names & set(store.used(tx, [provider_id]).get(provider_id, {}))
    if in_use:
        raise InventoryInUse(f"Inventory for {', '.join(sorted(in_use))} on resource provider {provider_id} in use.")
    store.delete(tx, provider_id, names)


def _advanced(tx: Transaction, provider_id: str) -> OfProvider:
    resource_providers_store.advance(tx, [provider_id])
    return of_provider(tx, provider_id)


def _check(name: str, values: Values, all_reserved: bool) -> None:
    left = values["total"] - values["reserved"]
    if left < 0 or (left == 0 and not all_reserved):
        raise BadRequest(
            f"Unable to create inventory for {name}: reserved {values['reserved']} is not less than total "
            f"{values['total']}."
        )


@filters.narrows
def _fitting(tx: Transaction, rows: list[ResourceProviderRow], wish: Wish) -> list[ResourceProviderRow]:
    """The providers on which all requested resources fit now."""
    if not wish.resources:
        return rows
    ids = [row["id"] for row in rows]
    inventory, used = store.of_providers(tx, ids), store.used(tx, ids)
    return [row for row in rows if _fits(inventory.get(row["id"], {}), used.get(row["id"], {}), wish.resources)]


def _fits(inventory: dict[str, InventoryRow], used: dict[str, int], resources: Mapping[str, int]) -> bool:
    return all(
        name in inventory and refusal(inventory[name], used.get(name, 0), amount) is None
        for name, amount in resources.items()
    )


@provider_models.removal.follow
def _of_removed_providers(tx: Transaction, provider_ids: Sequence[str]) -> None:
    for provider_id in provider_ids:
        store.delete(tx, provider_id)


@resource_class_models.removal.guard
def _class_is_unused(tx: Transaction, names: Sequence[str]) -> None:
    for name in names:
        if store.class_used(tx, name):
            raise Conflict(f"Cannot change or delete resource class {name}: class is in use in inventory.")
