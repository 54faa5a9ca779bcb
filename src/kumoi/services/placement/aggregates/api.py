"""Routes of the aggregates of a provider."""

from typing import Annotated

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import during, since
from kumoi.services.placement.aggregates import logic
from kumoi.services.placement.freshness import fresh
from kumoi.services.placement.resource_providers.models import ResourceProviderRow

routes = Routes()
PATH = "/resource_providers/{provider_id}/aggregates"


class Replace(msgspec.Struct, forbid_unknown_fields=True):
    resource_provider_generation: int
    aggregates: list[str]


class Shown(msgspec.Struct):
    aggregates: list[str]
    resource_provider_generation: Annotated[int, since("1.19")]


def _of(row: ResourceProviderRow, names: list[str]) -> Shown:
    return Shown(names, row["generation"])


@routes.get(PATH, policy=policy.admin(), query=Nothing, versions=since("1.1"), reply=Shown)
def index(request: Request, provider_id: str) -> Reply:
    row, names = logic.of_provider(request.tx, provider_id)
    return fresh(request, _of(row, names), row["updated_at"])


@routes.put(PATH, policy=policy.admin(), body=list[str], versions=during("1.1", "1.18"), reply=Shown)
def replace_until_1_18(request: Request, provider_id: str, body: list[str]) -> Reply:
    return fresh(request, _of(*logic.replace(request.tx, provider_id, body, None)))


@routes.put(PATH, policy=policy.admin(), body=Replace, versions=since("1.19"), errors=(409,), reply=Shown)
def replace(request: Request, provider_id: str, body: Replace) -> Reply:
    row, names = logic.replace(request.tx, provider_id, body.aggregates, body.resource_provider_generation)
    return fresh(request, _of(row, names))
