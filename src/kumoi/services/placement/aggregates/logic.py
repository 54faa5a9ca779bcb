"""Putting a provider into aggregates."""

import re
from collections.abc import Sequence
from uuid import UUID

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.services.placement.aggregates import store
from kumoi.services.placement.queries import Wish
from kumoi.services.placement.resource_providers import filters
from kumoi.services.placement.resource_providers import logic as providers_logic
from kumoi.services.placement.resource_providers import models as provider_models
from kumoi.services.placement.resource_providers import store as resource_providers_store
from kumoi.services.placement.resource_providers.models import ResourceProviderRow

_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


def replace(
    tx: Transaction, provider_id: str, names: Sequence[str], generation: int | None
) -> tuple[ResourceProviderRow, list[str]]:
    """The provider's row afterwards, and its aggregates. `generation` None: versions that do not check it."""
    row = providers_logic.existing(tx, provider_id)
    wanted = list(names)
    if len({_uuid(name) for name in wanted}) != len(wanted):
        raise BadRequest("JSON does not validate: aggregates: an aggregate is given twice.")
    if generation is not None:
        providers_logic.same_generation(row, generation)
    if store.of_provider(tx, provider_id) != sorted(wanted):
        store.replace(tx, provider_id, wanted)
        if generation is not None:
            resource_providers_store.advance(tx, [provider_id])
    return of_provider(tx, provider_id)


def of_provider(tx: Transaction, provider_id: str) -> tuple[ResourceProviderRow, list[str]]:
    """The provider's row, and its aggregates."""
    return providers_logic.existing(tx, provider_id), store.of_provider(tx, provider_id)


@filters.narrows
def _members(tx: Transaction, rows: list[ResourceProviderRow], wish: Wish) -> list[ResourceProviderRow]:
    if not (wish.member_of or wish.not_member_of):
        return rows
    member = store.of_providers(tx)
    return [row for row in rows if wish.in_aggregates(member.get(row["id"], ()))]


@provider_models.removal.follow
def _of_removed_providers(tx: Transaction, provider_ids: Sequence[str]) -> None:
    for provider_id in provider_ids:
        store.replace(tx, provider_id, [])


def _uuid(text: str) -> str:
    """The normalized id, for comparisons. The client's spelling is stored."""
    if not _UUID.fullmatch(text):
        raise BadRequest(f"JSON does not validate: aggregates: {text[:100]!r} is not a UUID.")
    return str(UUID(text))
