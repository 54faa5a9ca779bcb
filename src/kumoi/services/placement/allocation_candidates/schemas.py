"""Shapes of allocation candidates: docs.openstack.org/api-ref/placement/#allocation-candidates."""

from collections.abc import Callable
from typing import Annotated

import msgspec

from kumoi.kernel.versions import since
from kumoi.services.placement.allocation_candidates.search import Candidate, Question, World
from kumoi.services.placement.inventories.models import capacity


class ProviderRef(msgspec.Struct):
    uuid: str


class Amounts(msgspec.Struct):
    resources: dict[str, int]


class Listed(msgspec.Struct):
    resource_provider: ProviderRef
    resources: dict[str, int]


class AskedList(msgspec.Struct):
    """Until 1.11."""

    allocations: list[Listed]


class Asked(msgspec.Struct):
    allocations: dict[str, Amounts]
    mappings: Annotated[dict[str, list[str]], since("1.34")]


class Used(msgspec.Struct):
    capacity: int
    used: int


class Summary(msgspec.Struct, kw_only=True):
    resources: dict[str, Used]
    traits: Annotated[list[str], since("1.17")]
    parent_provider_uuid: Annotated[str | None, since("1.29")]
    root_provider_uuid: Annotated[str, since("1.29")]


class BodyOfLists(msgspec.Struct):
    allocation_requests: list[AskedList]
    provider_summaries: dict[str, Summary]


class Body(msgspec.Struct):
    allocation_requests: list[Asked]
    provider_summaries: dict[str, Summary]


def requests_until_1_11(found: list[Candidate]) -> list[AskedList]:
    return [
        AskedList([Listed(ProviderRef(provider_id), amounts) for provider_id, amounts in candidate.amounts.items()])
        for candidate in found
    ]


def requests(found: list[Candidate]) -> list[Asked]:
    return [
        Asked(
            {provider_id: Amounts(resources) for provider_id, resources in candidate.amounts.items()},
            {suffix: sorted(set(ids)) for suffix, ids in candidate.places.items()},
        )
        for candidate in found
    ]


def summaries(
    world: World, question: Question, found: list[Candidate], behaves: Callable[[str], bool]
) -> dict[str, Summary]:
    """By provider."""
    ids = {provider_id for candidate in found for ids in candidate.places.values() for provider_id in ids}
    if question.nested:
        ids = {provider.id for root in {world.providers[i].root for i in ids} for provider in world.trees[root]}
    asked = {name for wish in question.groups.values() for name in wish.resources}
    whole = behaves("summaries are of all resources")
    return {
        provider_id: Summary(
            resources={
                name: Used(capacity(row), provider.used.get(name, 0))
                for name, row in provider.inventory.items()
                if whole or name in asked
            },
            traits=sorted(provider.traits), parent_provider_uuid=provider.parent, root_provider_uuid=provider.root,
        )
        for provider_id in sorted(ids)
        for provider in (world.providers[provider_id],)
    }  # fmt: skip
