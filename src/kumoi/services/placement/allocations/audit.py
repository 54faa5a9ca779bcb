"""Compares placement's sums with its allocations. Compute's audit compares consumers with servers."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import View
from kumoi.services.placement.allocations import store as allocations_store
from kumoi.services.placement.inventories import store as inventories_store


def differences(view: View) -> list[dict[str, Any]]:
    def compare(tx: Transaction) -> list[dict[str, Any]]:
        has, sums = inventories_store.every(tx), allocations_store.added_up(tx)
        counted = {
            (provider_id, name): used
            for provider_id, classes in allocations_store.used(tx).items()
            for name, used in classes.items()
        }
        found = [
            (provider_id, f"{used} {name} are allocated, but it has no inventory of that")
            for (provider_id, name), used in sums.items()
            if name not in has.get(provider_id, {})
        ]
        for provider_id, name in sorted(sums.keys() | counted.keys()):
            used, said = sums.get((provider_id, name), 0), counted.get((provider_id, name), 0)
            if used != said:
                found.append((provider_id, f"{used} {name} are allocated, but {said} are counted"))
        return [
            {"service": "placement", "kind": "resource_provider", "id": provider_id, "problem": problem}
            for provider_id, problem in found
        ]

    return view.read(compare)
