"""Routes of allocations."""

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since, until
from kumoi.services.placement.allocations import requests, schemas
from kumoi.services.placement.allocations.requests import NOBODY, Wanted
from kumoi.services.placement.freshness import fresh

routes = Routes()


@routes.get("/allocations/{consumer_id}", policy=policy.admin(), reply=schemas.OfConsumer)
def show(request: Request, consumer_id: str) -> Reply:
    rows, generations, consumer = requests.of_consumer(request.tx, consumer_id)
    body = schemas.OfConsumer(allocations=schemas.of_consumer(rows, generations))
    if consumer:
        body.project_id, body.user_id = consumer["project_id"], consumer["user_id"]
        body.consumer_generation = consumer["generation"]
        body.consumer_type = consumer["type"] or "unknown"
    return fresh(request, body, consumer["updated_at"] if consumer else None)


@routes.put(
    "/allocations/{consumer_id}", policy=policy.admin(), body=schemas.PutList, status=204, versions=until("1.11"),
    errors=(409,),
)  # fmt: skip
def replace_until_1_11(request: Request, consumer_id: str, body: schemas.PutList) -> Reply:
    if request.behaves("consumers have owners") and (body.project_id is None or body.user_id is None):
        raise BadRequest("JSON does not validate: 'project_id' and 'user_id' are required properties.")
    amounts = {each.resource_provider.uuid: each.resources for each in body.allocations}
    wanted = Wanted(amounts, body.project_id or NOBODY, body.user_id or NOBODY)
    requests.put(request.tx, {consumer_id: wanted})
    return Reply()


@routes.put(
    "/allocations/{consumer_id}", policy=policy.admin(), body=schemas.Put, status=204, versions=since("1.12"),
    errors=(409,),
)  # fmt: skip
def replace(request: Request, consumer_id: str, body: schemas.Put) -> Reply:
    if not body.allocations and not request.behaves("consumers have generations"):
        raise BadRequest("JSON does not validate: allocations: there is none; DELETE removes them.")
    requests.put(request.tx, {consumer_id: wanted(request, body)})
    return Reply()


@routes.post(
    "/allocations", policy=policy.admin(), body=dict[str, schemas.Put], status=204, versions=since("1.13"),
    errors=(409,),
)  # fmt: skip
def replace_many(request: Request, body: dict[str, schemas.Put]) -> Reply:
    if not body:
        raise BadRequest("JSON does not validate: the body names no consumer.")
    requests.put(request.tx, {consumer_id: wanted(request, each) for consumer_id, each in body.items()})
    return Reply()


@routes.delete("/allocations/{consumer_id}", policy=policy.admin())
def delete(request: Request, consumer_id: str) -> Reply:
    requests.delete(request.tx, consumer_id)
    return Reply()


@routes.get(
    "/resource_providers/{provider_id}/allocations", policy=policy.admin(), query=Nothing, reply=schemas.ByConsumer
)
def of_provider(request: Request, provider_id: str) -> Reply:
    row, rows = requests.of_provider(request.tx, provider_id)
    return fresh(request, schemas.ByConsumer(schemas.of_provider(rows), row["generation"]), row["updated_at"])


def wanted(request: Request, body: schemas.Put) -> Wanted:
    generation = None if isinstance(body.consumer_generation, msgspec.UnsetType) else (body.consumer_generation,)
    kind = None if isinstance(body.consumer_type, msgspec.UnsetType) else body.consumer_type
    if generation is None and request.behaves("consumers have generations"):
        raise BadRequest("JSON does not validate: 'consumer_generation' is a required property.")
    if kind is None and request.behaves("consumers have types"):
        raise BadRequest("JSON does not validate: 'consumer_type' is a required property.")
    amounts = {provider_id: given.resources for provider_id, given in body.allocations.items()}
    return Wanted(amounts, body.project_id, body.user_id, generation, kind)
