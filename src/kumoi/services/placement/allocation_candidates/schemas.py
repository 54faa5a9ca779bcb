"""Shapes of allocation candidates: docs.openstack.org/api-ref/placement/#allocation-candidates."""

from collections.abc import Callable
from typing import Any

import msgspec

from kumoi.services.placement.allocation_candidates.search import Candidate, Question, World
from kumoi.services.placement.inventories.models import capacity


class Amounts(msgspec.Struct):
    resources: dict[str, int]


class Asked(msgspec.Struct):
    allocations: dict[str, Amounts]
    mappings: dict[str, list[str]]


class Used(msgspec.Struct):
    capacity: int
    used: int


class Summary(msgspec.Struct, kw_only=True):
    resources: dict[str, Used]
    traits: list[str]
    parent_provider_uuid: str | None
    root_provider_uuid: str


class Body(msgspec.Struct):
    allocation_requests: list[Asked]
    provider_summaries: dict[str, Summary]


def body(world: World, question: Question, found: list[Candidate], behaves: Callable[[str], bool]) -> dict[str, Any]:
    return {
        "allocation_requests": [_request(candidate, behaves) for candidate in found],
        "provider_summaries": _summaries(world, question, found, behaves),
    }


def _request(candidate: Candidate, behaves: Callable[[str], bool]) -> dict[str, Any]:
    if not behaves("allocations are objects"):
        return {
            "allocations": [
                {"resource_provider": {"uuid": provider_id}, "resources": resources}
                for provider_id, resources in candidate.amounts.items()
            ]
        }
    said: dict[str, Any] = {
        "allocations": {provider_id: {"resources": resources} for provider_id, resources in candidate.amounts.items()}
    }
    if behaves("candidates say which group is where"):
        said["mappings"] = {suffix: sorted(set(ids)) for suffix, ids in candidate.places.items()}
    return said


def _summaries(
    world: World, question: Question, found: list[Candidate], behaves: Callable[[str], bool]
) -> dict[str, Any]:
    ids = {provider_id for candidate in found for ids in candidate.places.values() for provider_id in ids}
    if behaves("nested candidates"):
        ids = {provider.id for root in {world.providers[i].root for i in ids} for provider in world.trees[root]}
    asked = {name for wish in question.groups.values() for name in wish.resources}
    summaries: dict[str, Any] = {}
    for provider_id in sorted(ids):
        provider = world.providers[provider_id]
        said: dict[str, Any] = {
            "resources": {
                name: {"capacity": capacity(row), "used": provider.used.get(name, 0)}
                for name, row in provider.inventory.items()
                if name in asked or behaves("summaries are of all resources")
            }
        }
        if behaves("traits of candidates"):
            said["traits"] = sorted(provider.traits)
        if behaves("nested candidates"):
            said |= {"parent_provider_uuid": provider.parent, "root_provider_uuid": provider.root}
        summaries[provider_id] = said
    return summaries
