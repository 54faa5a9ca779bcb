"""Claims and releases resources. Capacity is checked in the transaction that claims."""

from collections.abc import Mapping, Sequence

from kumoi.kernel.database import Transaction
from kumoi.services.placement.allocations import store
from kumoi.services.placement.errors import NoRoom, ProviderInUse, ProviderNotFound
from kumoi.services.placement.inventories import store as inventories_store
from kumoi.services.placement.inventories.models import misfit, shortage
from kumoi.services.placement.resource_providers import models as provider_models
from kumoi.services.placement.resource_providers import store as resource_providers_store

Amounts = Mapping[str, Mapping[str, int]]
"""Provider → resource class → amount."""


def replace(
    tx: Transaction,
    consumer_id: str,
    amounts: Amounts,
    *,
    project_id: str,
    user_id: str,
    consumer_type: str | None = None,
) -> None:
    """Set the consumer's allocations to exactly `amounts`. After NoRoom or ProviderNotFound nothing has changed."""
    replace_many(tx, {consumer_id: amounts}, {consumer_id: (project_id, user_id, consumer_type)})


def replace_many(
    tx: Transaction,
    wanted: Mapping[str, Amounts],
    owners: Mapping[str, tuple[str, str, str | None]],
) -> None:
    """Consumer → its new allocations, all or nothing; empty ones are deleted. `owners`: project, user, consumer
    type."""
    before = store.of_consumers(tx, wanted)
    touched = {row["provider_id"] for row in before}
    named = {provider_id for amounts in wanted.values() for provider_id in amounts}
    rows = {row["id"]: row for row in resource_providers_store.every(tx, named)}
    for provider_id in named:
        if provider_id not in rows:
            raise ProviderNotFound(provider_id)
    held = {(row["consumer_id"], row["provider_id"], row["resource_class"]): row["used"] for row in before}
    # The lock that serializes claims on one provider, taken before the usage is read.
    resource_providers_store.advance(tx, sorted(touched | named))
    has = inventories_store.of_providers(tx, named)
    used = store.used(tx, named, besides=wanted)
    for consumer_id, amounts in wanted.items():
        for provider_id, resources in amounts.items():
            taken = used.setdefault(provider_id, {})
            for resource_class, amount in resources.items():
                inventory = has.get(provider_id, {}).get(resource_class)
                name = rows[provider_id]["name"]
                if inventory is None:
                    none = f"{name} has no inventory of {resource_class}."
                    raise NoRoom(none, provider_id, resource_class, amount)
                reason = misfit(inventory, amount)
                # A consumer that takes no more than it has always fits, even if the capacity was reduced below the
                # usage.
                if amount > held.get((consumer_id, provider_id, resource_class), 0):
                    reason = reason or shortage(inventory, taken.get(resource_class, 0), amount)
                if reason:
                    told = f"Unable to allocate on {name} for consumer {consumer_id}: {reason}."
                    raise NoRoom(told, provider_id, resource_class, amount)
                taken[resource_class] = taken.get(resource_class, 0) + amount
    for consumer_id, amounts in wanted.items():
        _write(tx, consumer_id, amounts, owners)


def _write(
    tx: Transaction, consumer_id: str, amounts: Amounts, owners: Mapping[str, tuple[str, str, str | None]]
) -> None:
    if not any(amounts.values()):
        store.delete_consumer(tx, consumer_id)
        return
    known = store.consumer(tx, consumer_id)
    project_id, user_id, consumer_type = owners[consumer_id]
    store.clear(tx, consumer_id)
    store.put_consumer(
        tx, consumer_id, project_id=project_id, user_id=user_id, type=consumer_type,
        generation=known["generation"] + 1 if known else 1,
    )  # fmt: skip
    store.insert_many(
        tx,
        [
            {"consumer_id": consumer_id, "provider_id": provider_id, "resource_class": resource_class, "used": amount}
            for provider_id, resources in amounts.items()
            for resource_class, amount in resources.items()
        ],
    )


def remove(tx: Transaction, consumer_id: str) -> bool:
    """Returns whether there was anything."""
    rows = store.of_consumers(tx, [consumer_id])
    if rows:
        resource_providers_store.advance(tx, sorted({row["provider_id"] for row in rows}))
    store.delete_consumer(tx, consumer_id)
    return bool(rows)


@provider_models.removal.guard
def _providers_are_unused(tx: Transaction, provider_ids: Sequence[str]) -> None:
    for provider_id in provider_ids:
        if store.of_provider(tx, provider_id):
            raise ProviderInUse(f"Unable to delete resource provider {provider_id}: resource provider has allocations.")
