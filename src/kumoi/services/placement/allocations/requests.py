"""Converts requests of the allocation routes to claims: owners, consumer generations, consumer types."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.services.placement.allocations import logic, store
from kumoi.services.placement.allocations.models import AllocationOfConsumer, AllocationRow, ConsumerRow
from kumoi.services.placement.errors import ConcurrentUpdate, ProviderNotFound
from kumoi.services.placement.resource_classes import logic as resource_classes
from kumoi.services.placement.resource_providers import logic as providers_logic
from kumoi.services.placement.resource_providers import store as resource_providers_store
from kumoi.services.placement.resource_providers.models import ResourceProviderRow

_TYPE = re.compile(r"[A-Z0-9_]{1,255}")
NOBODY = "00000000-0000-0000-0000-000000000000"
"""The owner of consumers from before 1.8."""


@dataclass(frozen=True)
class Wanted:
    """`generation`: that of the consumer; (None,): the consumer must be new; None: not checked."""

    amounts: Mapping[str, Mapping[str, int]]
    project_id: str
    user_id: str
    generation: tuple[int | None] | None = None
    consumer_type: str | None = None


def put(tx: Transaction, wanted: Mapping[str, Wanted]) -> None:
    """Consumer → its new allocations, all or nothing."""
    for consumer_id, each in wanted.items():
        _uuid("consumer_uuid", consumer_id)
        for provider_id, resources in each.amounts.items():
            _uuid("resource provider", provider_id)
            resource_classes.check(tx, resources)
        if each.consumer_type is not None and not _TYPE.fullmatch(each.consumer_type):
            raise BadRequest(f"JSON does not validate: consumer_type: {each.consumer_type[:100]!r} is not possible.")
        _same_generation(tx, consumer_id, each.generation)
    owners = {}
    for consumer_id, each in wanted.items():
        known = store.consumer(tx, consumer_id)
        kind = each.consumer_type or (known["type"] if known else None)
        owners[consumer_id] = (each.project_id, each.user_id, kind)
    try:
        logic.replace_many(tx, {consumer_id: each.amounts for consumer_id, each in wanted.items()}, owners)
    except ProviderNotFound as error:
        raise BadRequest(f"Allocation for resource provider that does not exist: {error.message}") from None


def of_consumer(tx: Transaction, consumer_id: str) -> tuple[list[AllocationRow], dict[str, int], ConsumerRow | None]:
    """Its allocations, the generations of their providers, and its own row."""
    rows = store.of_consumers(tx, [consumer_id])
    named = resource_providers_store.every(tx, {row["provider_id"] for row in rows})
    return rows, {row["id"]: row["generation"] for row in named}, store.consumer(tx, consumer_id)


def of_provider(tx: Transaction, provider_id: str) -> tuple[ResourceProviderRow, list[AllocationOfConsumer]]:
    """The provider's row, and its allocations."""
    return providers_logic.existing(tx, provider_id), store.of_provider(tx, provider_id)


def delete(tx: Transaction, consumer_id: str) -> None:
    if not logic.remove(tx, consumer_id):
        raise NotFound(f"No allocations for consumer '{consumer_id[:100]}'")


def _same_generation(tx: Transaction, consumer_id: str, generation: tuple[int | None] | None) -> None:
    if generation is None:
        return
    known = store.consumer(tx, consumer_id)
    actual = known["generation"] if known else None
    if generation[0] != actual:
        raise ConcurrentUpdate(
            f"consumer generation conflict - expected {'null' if actual is None else actual} but got "
            f"{'null' if generation[0] is None else generation[0]}"
        )


def _uuid(name: str, text: str) -> None:
    try:
        UUID(text)
    except ValueError:
        raise BadRequest(f"Malformed {name}: {text[:100]!r} is not a UUID.") from None
