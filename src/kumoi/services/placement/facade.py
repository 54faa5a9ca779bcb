"""What other services ask of placement: registering hosts' room, finding, claiming and releasing it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.services.placement.allocations import logic as allocations_logic
from kumoi.services.placement.allocations import store as allocations
from kumoi.services.placement.amounts import LARGEST
from kumoi.services.placement.errors import NoRoom, ProviderNotFound
from kumoi.services.placement.inventories import store as inventory_rows
from kumoi.services.placement.inventories.models import InventoryRow, capacity, misfit
from kumoi.services.placement.resource_providers import store as providers
from kumoi.services.placement.traits import store as trait_rows
from kumoi.services.placement.traits.standard import STANDARD

DISABLED = "COMPUTE_STATUS_DISABLED"
"""The trait of a host that takes no new guests: disabled by an admin, or silent."""


UNITS = {"VCPU": "vCPUs", "MEMORY_MB": "MiB of memory", "DISK_GB": "GiB of disk"}


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
class Shortfall:
    """Why a provider was no candidate, one reason per sentence, for a person."""

    provider_name: str
    reasons: list[str]
    missing: dict[str, int]
    """Resource class → how much more would be needed."""
    traits: list[str]
    """Reasons that are no amounts, without the provider's name."""


def ensure_provider(
    tx: Transaction, provider_id: str, name: str, inventories: Mapping[str, Inventory], traits: Sequence[str] = ()
) -> None:
    """The provider has exactly these inventories and traits from now on; allocations stay, also where they exceed
    what is left. Nothing is written when nothing differs. An inventory that is in use is not removed."""
    row = providers.find(tx, provider_id)
    if row is None:
        providers.insert(tx, provider_id, name)
    elif row["name"] != name:
        providers.update(tx, provider_id, name=name)
    now = inventory_rows.of_provider(tx, provider_id)
    changed = False
    for resource_class, inventory in inventories.items():
        values = asdict(inventory)
        before: Mapping[str, Any] | None = now.get(resource_class)
        if before is None or any(before[field] != value for field, value in values.items()):
            inventory_rows.put(tx, provider_id, resource_class, values)
            changed = True
    in_use = allocations.used(tx, [provider_id]).get(provider_id, {})
    surplus = [name for name in now if name not in inventories and name not in in_use]
    if surplus:
        inventory_rows.delete(tx, provider_id, surplus)
        changed = True
    if set(trait_rows.of_provider(tx, provider_id)) != set(traits):
        trait_rows.replace(tx, provider_id, traits)
        changed = True
    if changed:
        providers.advance(tx, [provider_id])


def inventories(tx: Transaction, provider_ids: Sequence[str]) -> dict[str, dict[str, Inventory]]:
    """Provider → resource class → the inventory, whoever set it."""
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
        for provider_id, rows in inventory_rows.of_providers(tx, provider_ids).items()
    }


def candidates(
    tx: Transaction,
    resources: Mapping[str, int],
    required_traits: Sequence[str] = (),
    forbidden_traits: Sequence[str] = (DISABLED,),
) -> list[Candidate]:
    """Providers on which all of `resources` fits now, the one with most free memory first. Without resources: none."""
    fitting = [
        (view.free("MEMORY_MB"), view.name, view.provider_id)
        for view in _views(tx, resources)
        if not view.refusals(resources, required_traits, forbidden_traits)
    ]
    return [Candidate(provider_id, name) for _, name, provider_id in sorted(fitting, key=lambda f: (-f[0], f[1]))]


def shortfalls(
    tx: Transaction,
    resources: Mapping[str, int],
    required_traits: Sequence[str] = (),
    forbidden_traits: Sequence[str] = (DISABLED,),
) -> list[Shortfall]:
    """Every provider that is no candidate, and why."""
    found = []
    for view in _views(tx, resources):
        reasons = view.refusals(resources, required_traits, forbidden_traits)
        if reasons:
            traits = view.unsuited(required_traits, forbidden_traits)
            found.append(Shortfall(view.name, reasons, view.missing(resources), traits))
    return sorted(found, key=lambda shortfall: shortfall.provider_name)


def summary(short: Sequence[Shortfall]) -> list[str]:
    """The same for whom providers have no names: of each thing that is short, how many lack it, and by how much at
    least."""
    told = []
    for name in dict.fromkeys(name for each in short for name in each.missing):
        lacking = [each.missing[name] for each in short if name in each.missing]
        told.append(f"{_counted(len(lacking), len(short))}: at least {amount_of(name, min(lacking))} short")
    for reason in dict.fromkeys(reason for each in short for reason in each.traits):
        told.append(f"{_counted(sum(reason in each.traits for each in short), len(short))}: {reason}")
    return told


def amount_of(resource_class: str, amount: int) -> str:
    """`512 MiB of memory`."""
    unit = UNITS.get(resource_class, resource_class)
    return f"{amount} {unit}" if amount != 1 else f"{amount} {unit.replace('vCPUs', 'vCPU')}"


def _counted(some: int, of: int) -> str:
    return ("the only host" if of == 1 else f"all {of} hosts") if some == of else f"{some} of {of} hosts"


def claim(
    tx: Transaction,
    consumer_id: str,
    provider_id: str,
    resources: Mapping[str, int],
    project_id: str,
    user_id: str,
) -> None:
    """Take the room, in place of whatever the consumer had (so that it may be repeated). NoRoom when it does not fit,
    ProviderNotFound. Amounts of 0 are left out."""
    amounts = {name: amount for name, amount in resources.items() if amount}
    allocations_logic.replace(
        tx, consumer_id, {provider_id: amounts}, project_id=project_id, user_id=user_id, consumer_type="INSTANCE"
    )


def release(tx: Transaction, consumer_id: str) -> None:
    """Also when it has nothing."""
    allocations_logic.remove(tx, consumer_id)


def allocations_of(tx: Transaction, consumer_ids: Iterable[str]) -> dict[str, dict[str, dict[str, int]]]:
    """Consumer → provider → resource class → amount; consumers without allocations are left out."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in allocations.of_consumers(tx, consumer_ids):
        found.setdefault(row["consumer_id"], {}).setdefault(row["provider_id"], {})[row["resource_class"]] = row["used"]
    return found


def usages(tx: Transaction, provider_id: str) -> dict[str, int]:
    """Resource class → amount in use."""
    return allocations.used(tx, [provider_id]).get(provider_id, {})


def usages_of(tx: Transaction, provider_ids: Iterable[str]) -> dict[str, dict[str, int]]:
    """Provider → resource class → amount in use."""
    return allocations.used(tx, provider_ids)


def known_traits(tx: Transaction, names: Iterable[str]) -> list[str]:
    """Those of the names that are traits, standard or made here; sorted."""
    return sorted(set(names) & (STANDARD | trait_rows.custom(tx)))


def consumer_counts(tx: Transaction) -> dict[str, int]:
    """Provider → how many consumers have something of it."""
    return allocations.consumer_counts(tx)


def provider_ids(tx: Transaction) -> list[str]:
    return [row["id"] for row in providers.every(tx)]


def consumers(tx: Transaction) -> list[str]:
    """Every consumer's id, for the audit."""
    return allocations.consumer_ids(tx)


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

    def refusals(self, resources: Mapping[str, int], required: Sequence[str], forbidden: Sequence[str]) -> list[str]:
        reasons = self.unsuited(required, forbidden)
        missing = self.missing(resources)
        for name, amount in resources.items():
            row = self.inventory.get(name)
            if not amount:
                continue
            if row is None:
                reasons.append(f"{name}: has none")
            elif name in missing:
                free = f"{max(self.free(name), 0)} free of {capacity(row)}"
                reasons.append(f"{amount_of(name, missing[name])} short ({free})")
            elif reason := misfit(row, amount):
                reasons.append(reason)
        return reasons

    def unsuited(self, required: Sequence[str], forbidden: Sequence[str]) -> list[str]:
        reasons = []
        for trait in forbidden:
            if trait in self.traits:
                reasons.append("disabled, or it does not answer" if trait == DISABLED else f"has the trait {trait}")
        return reasons + [f"lacks the trait {trait}" for trait in required if trait not in self.traits]

    def missing(self, resources: Mapping[str, int]) -> dict[str, int]:
        """Resource class → how much more it would have to have free."""
        found = {}
        for name, amount in resources.items():
            row = self.inventory.get(name)
            room = max(min(self.free(name), row["max_unit"]), 0) if row else 0
            if amount > room:
                found[name] = amount - room
        return found


def _views(tx: Transaction, resources: Mapping[str, int]) -> list[_View]:
    """Providers that have anything of what is asked for."""
    asked = [name for name, amount in resources.items() if amount]
    ids = inventory_rows.providers_with(tx, asked) if asked else set()
    if not ids:
        return []
    inventory = inventory_rows.of_providers(tx, ids)
    used = allocations.used(tx, ids)
    has = trait_rows.of_providers(tx, ids)
    return [
        _View(row["id"], row["name"], inventory.get(row["id"], {}), used.get(row["id"], {}), has.get(row["id"], set()))
        for row in providers.every(tx, ids)
    ]


__all__ = [
    "DISABLED",
    "Candidate",
    "Inventory",
    "NoRoom",
    "ProviderNotFound",
    "Shortfall",
    "allocations_of",
    "amount_of",
    "candidates",
    "claim",
    "consumer_counts",
    "consumers",
    "ensure_provider",
    "known_traits",
    "provider_ids",
    "release",
    "shortfalls",
    "summary",
    "usages",
    "usages_of",
]  # fmt: skip
