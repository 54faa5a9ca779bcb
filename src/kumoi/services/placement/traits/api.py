"""Routes of traits."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import since
from kumoi.services.placement.freshness import fresh
from kumoi.services.placement.resource_providers.models import ResourceProviderRow
from kumoi.services.placement.traits import logic

routes = Routes()


class Query(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str | None = None
    associated: bool | None = None


class Replace(msgspec.Struct, forbid_unknown_fields=True):
    resource_provider_generation: int
    traits: list[str]


def _of(row: ResourceProviderRow, names: list[str]) -> dict[str, Any]:
    return {"traits": names, "resource_provider_generation": row["generation"]}


@routes.get("/traits", policy=policy.admin(), query=Query, versions=since("1.6"), reply=under("traits", list[str]))
def index(request: Request, query: Query) -> Reply:
    return fresh(request, {"traits": logic.listing(request.tx, name=query.name, associated=query.associated)})


@routes.get("/traits/{name}", policy=policy.admin(), status=204, versions=since("1.6"))
def show(request: Request, name: str) -> Reply:
    logic.existing(request.tx, name)
    return fresh(request, None)


@routes.put("/traits/{name}", policy=policy.admin(), status=201, versions=since("1.6"), errors=(204,))
def ensure(request: Request, name: str) -> Reply:
    new = logic.ensure(request.tx, name)
    return Reply(status=201 if new else 204, headers={"Location": request.link(f"/traits/{name}")})


@routes.delete("/traits/{name}", policy=policy.admin(), versions=since("1.6"), errors=(409,))
def delete(request: Request, name: str) -> Reply:
    logic.delete(request.tx, name)
    return Reply()


@routes.get(
    "/resource_providers/{provider_id}/traits",
    policy=policy.admin(),
    query=Nothing,
    versions=since("1.6"),
    reply=Replace,
)
def of_provider(request: Request, provider_id: str) -> Reply:
    row, names = logic.of_provider(request.tx, provider_id)
    return fresh(request, _of(row, names), row["updated_at"])


@routes.put(
    "/resource_providers/{provider_id}/traits", policy=policy.admin(), body=Replace, versions=since("1.6"),
    errors=(409,), reply=Replace)  # fmt: skip
def replace(request: Request, provider_id: str, body: Replace) -> Reply:
    return fresh(request, _of(*logic.replace(request.tx, provider_id, body.traits, body.resource_provider_generation)))


@routes.delete("/resource_providers/{provider_id}/traits", policy=policy.admin(), versions=since("1.6"))
def clear(request: Request, provider_id: str) -> Reply:
    logic.replace(request.tx, provider_id, [], None)
    return Reply()
