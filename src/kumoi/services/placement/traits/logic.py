"""Standard and custom traits, and the traits of providers. Custom ones begin with CUSTOM_."""

import re
from collections.abc import Iterable, Sequence

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Conflict, NotFound
from kumoi.services.placement.queries import Wish
from kumoi.services.placement.resource_providers import filters
from kumoi.services.placement.resource_providers import logic as providers_logic
from kumoi.services.placement.resource_providers import models as provider_models
from kumoi.services.placement.resource_providers import store as resource_providers_store
from kumoi.services.placement.resource_providers.models import ResourceProviderRow
from kumoi.services.placement.traits import store
from kumoi.services.placement.traits.standard import STANDARD

_CUSTOM = re.compile(r"CUSTOM_[A-Z0-9_]{1,248}")


def listing(tx: Transaction, *, name: str | None, associated: bool | None) -> list[str]:
    """`name`: `in:A,B` or `startswith:A`; `associated`: only those that a provider has, or only the others."""
    found = STANDARD | store.custom(tx)
    if name is not None:
        operator, _, value = name.partition(":")
        if operator == "in":
            found = found & set(value.split(","))
        elif operator == "startswith":
            found = frozenset(trait for trait in found if trait.startswith(value))
        else:
            raise BadRequest('Badly formatted name parameter: it begins with "in:" or "startswith:".')
    if associated is not None:
        used = store.in_use(tx)
        found = frozenset(trait for trait in found if (trait in used) is associated)
    return sorted(found)


def check(tx: Transaction, names: Iterable[str]) -> None:
    """BadRequest naming those that do not exist."""
    unknown = set(names) - STANDARD
    if unknown:
        unknown -= store.custom(tx)
    if unknown:
        raise BadRequest(f"No such trait(s): {', '.join(sorted(unknown))[:500]}.")


def check_wish(tx: Transaction, wish: Wish) -> None:
    """BadRequest naming the traits in it that do not exist."""
    check(tx, wish.traits())


@filters.narrows
def _having(tx: Transaction, rows: list[ResourceProviderRow], wish: Wish) -> list[ResourceProviderRow]:
    check_wish(tx, wish)
    if not (wish.required or wish.forbidden):
        return rows
    has = store.of_providers(tx)
    return [
        row for row in rows
        if wish.has_traits(has.get(row["id"], ())) and not wish.forbidden & has.get(row["id"], set())
    ]  # fmt: skip


@provider_models.removal.follow
def _of_removed_providers(tx: Transaction, provider_ids: Sequence[str]) -> None:
    for provider_id in provider_ids:
        store.replace(tx, provider_id, [])


def existing(tx: Transaction, name: str) -> None:
    if name not in STANDARD and not store.exists(tx, name):
        raise NotFound(f"No such trait(s): {name[:255]}.")


def ensure(tx: Transaction, name: str) -> bool:
    """Returns whether it is new."""
    if not _CUSTOM.fullmatch(name):
        raise BadRequest(
            f"The trait is invalid: {name[:300]!r}. A valid trait is CUSTOM_ and upper-case letters, digits and "
            "underscores, 255 at most."
        )
    if store.exists(tx, name):
        return False
    store.insert(tx, name)
    return True


def delete(tx: Transaction, name: str) -> None:
    existing(tx, name)
    if name in STANDARD:
        raise BadRequest(f"Cannot delete standard trait {name}.")
    if name in store.in_use(tx):
        raise Conflict(f"The trait {name} is in use by a resource provider.")
    store.delete(tx, name)


def replace(
    tx: Transaction, provider_id: str, names: Iterable[str], generation: int | None
) -> tuple[ResourceProviderRow, list[str]]:
    """The provider has exactly these from now on; its row and them. `generation` None: whatever it is."""
    row = providers_logic.existing(tx, provider_id)
    wanted = set(names)
    check(tx, wanted)
    if generation is not None:
        providers_logic.same_generation(row, generation)
    if set(store.of_provider(tx, provider_id)) != wanted:
        store.replace(tx, provider_id, wanted)
        resource_providers_store.advance(tx, [provider_id])
    return of_provider(tx, provider_id)


def of_provider(tx: Transaction, provider_id: str) -> tuple[ResourceProviderRow, list[str]]:
    """The provider's row, and its traits."""
    return providers_logic.existing(tx, provider_id), store.of_provider(tx, provider_id)
