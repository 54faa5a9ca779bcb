"""Inventories and allocations of several providers and consumers change together, or not at all."""

from collections.abc import Mapping
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.services.placement.allocations import requests
from kumoi.services.placement.allocations import store as allocations_store
from kumoi.services.placement.allocations.requests import Wanted
from kumoi.services.placement.errors import InventoryInUse
from kumoi.services.placement.inventories import store as inventories_store
from kumoi.services.placement.resource_classes import logic as resource_classes
from kumoi.services.placement.resource_providers import logic as providers
from kumoi.services.placement.resource_providers import store as resource_providers_store


def reshape(
    tx: Transaction,
    wanted_inventories: Mapping[str, tuple[int, Mapping[str, Mapping[str, Any]]]],
    wanted_allocations: Mapping[str, Wanted],
) -> None:
    """Provider → (its generation, class → inventory); consumer → its new allocations."""
    before: dict[str, set[str]] = {}
    for provider_id, (generation, classes) in wanted_inventories.items():
        providers.same_generation(providers.existing(tx, provider_id), generation)
        resource_classes.check(tx, classes)
        before[provider_id] = set(inventories_store.of_provider(tx, provider_id))
        for name, values in classes.items():
            inventories_store.put(tx, provider_id, name, values)
    if wanted_allocations:
        requests.put(tx, wanted_allocations)
    for provider_id, (_, classes) in wanted_inventories.items():
        gone = before[provider_id] - set(classes)
        in_use = gone & set(allocations_store.used(tx, [provider_id]).get(provider_id, {}))
        if in_use:
            raise InventoryInUse(
                f"Inventory for {', '.join(sorted(in_use))} on resource provider {provider_id} in use."
            )
        if gone:
            inventories_store.delete(tx, provider_id, gone)
    resource_providers_store.advance(tx, sorted(wanted_inventories))
