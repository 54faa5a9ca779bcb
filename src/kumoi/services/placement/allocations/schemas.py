"""Shapes of allocations: docs.openstack.org/api-ref/placement/#allocations."""

from typing import Annotated

import msgspec

from kumoi.kernel.versions import since
from kumoi.services.placement.allocations.models import AllocationOfConsumer, AllocationRow
from kumoi.services.placement.amounts import LARGEST

Amount = Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]
Resources = Annotated[dict[str, Amount], msgspec.Meta(min_length=1)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class ProviderRef(msgspec.Struct, forbid_unknown_fields=True):
    uuid: str


class Listed(msgspec.Struct, forbid_unknown_fields=True):
    resource_provider: ProviderRef
    resources: Resources


class PutList(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Until 1.11. Owners are required from 1.8 on."""

    allocations: Annotated[list[Listed], msgspec.Meta(min_length=1)]
    project_id: Annotated[Text | None, since("1.8")] = None
    user_id: Annotated[Text | None, since("1.8")] = None


class Given(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    resources: Resources
    generation: int | msgspec.UnsetType = msgspec.UNSET
    """Ignored: clients send back what they received."""


class Put(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    allocations: dict[str, Given]
    project_id: Text
    user_id: Text
    consumer_generation: Annotated[int | msgspec.UnsetType | None, since("1.28")] = msgspec.UNSET
    mappings: Annotated[dict[str, list[str]] | msgspec.UnsetType, since("1.34")] = msgspec.UNSET
    consumer_type: Annotated[str | msgspec.UnsetType, since("1.38")] = msgspec.UNSET


class OfProvider(msgspec.Struct):
    resources: dict[str, int]
    generation: int


class OfConsumer(msgspec.Struct, kw_only=True):
    """By provider; with the consumer's owner if it has allocations."""

    allocations: dict[str, OfProvider]
    project_id: Annotated[str | msgspec.UnsetType, since("1.12")] = msgspec.UNSET
    user_id: Annotated[str | msgspec.UnsetType, since("1.12")] = msgspec.UNSET
    consumer_generation: Annotated[int | msgspec.UnsetType, since("1.28")] = msgspec.UNSET
    consumer_type: Annotated[str | msgspec.UnsetType, since("1.38")] = msgspec.UNSET


class Held(msgspec.Struct):
    resources: dict[str, int]
    consumer_generation: Annotated[int, since("1.28")]


class ByConsumer(msgspec.Struct):
    allocations: dict[str, Held]
    resource_provider_generation: int


def of_consumer(rows: list[AllocationRow], generations: dict[str, int]) -> dict[str, OfProvider]:
    """By provider."""
    found: dict[str, OfProvider] = {}
    for row in rows:
        mine = found.setdefault(row["provider_id"], OfProvider({}, generations[row["provider_id"]]))
        mine.resources[row["resource_class"]] = row["used"]
    return found


def of_provider(rows: list[AllocationOfConsumer]) -> dict[str, Held]:
    """By consumer."""
    found: dict[str, Held] = {}
    for row in rows:
        mine = found.setdefault(row["consumer_id"], Held({}, row["consumer_generation"]))
        mine.resources[row["resource_class"]] = row["used"]
    return found
