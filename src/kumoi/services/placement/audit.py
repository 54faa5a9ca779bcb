"""Placement has no world of its own: compute's audit compares consumers with servers; here, sums with what there is."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import View
from kumoi.services.placement.allocations import store as allocations
from kumoi.services.placement.inventories import store as inventories


def differences(view: View) -> list[dict[str, Any]]:
    def compare(tx: Transaction) -> list[dict[str, Any]]:
        has = inventories.every(tx)
        return [
            {
                "service": "placement", "kind": "resource_provider", "id": provider_id,
                "problem": f"{used} {name} are allocated, but it has no inventory of that",
            }
            for provider_id, classes in allocations.used(tx).items()
            for name, used in classes.items()
            if name not in has.get(provider_id, {})
        ]  # fmt: skip

    return view.read(compare)
