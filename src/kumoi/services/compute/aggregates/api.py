"""Routes of aggregates."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.compute.aggregates import logic, schemas
from kumoi.services.compute.servers.schemas import values

routes = Routes()
PATH = "/os-aggregates"
ONE = f"{PATH}/{{aggregate_id}}"
ACTION = f"{ONE}/action"


def _body(shown: logic.Shown) -> schemas.Body:
    return schemas.Body(schemas.aggregate(*shown))


def _given(value: Any) -> Any:
    return None if value is msgspec.UNSET else value


@routes.get(PATH, policy=policy.admin(), query=Nothing, reply=schemas.ListBody)
def index(request: Request) -> schemas.ListBody:
    return schemas.ListBody([schemas.aggregate(*shown) for shown in logic.listing(request.tx)])


@routes.post(
    PATH, policy=policy.admin(), body=schemas.CreateBody, reply=schemas.Body, status=200, errors=(409,)
)  # fmt: skip
def create(request: Request, body: schemas.CreateBody) -> schemas.Body:
    asked = body.aggregate
    row = logic.create(request.tx, values.name(asked.name), asked.availability_zone)
    return schemas.Body(schemas.aggregate(row, None))


@routes.get(ONE, policy=policy.admin(), reply=schemas.Body)
def show(request: Request, aggregate_id: str) -> schemas.Body:
    return _body(logic.show(request.tx, aggregate_id))


@routes.put(ONE, policy=policy.admin(), body=schemas.UpdateBody, reply=schemas.Body, errors=(409,))
def update(request: Request, aggregate_id: str, body: schemas.UpdateBody) -> schemas.Body:
    asked = body.aggregate
    name = _given(asked.name)
    return _body(
        logic.update(
            request.tx, aggregate_id, name=None if name is None else values.name(name),
            zone=_given(asked.availability_zone),
        )
    )  # fmt: skip


@routes.delete(ONE, policy=policy.admin(), status=200)
def delete(request: Request, aggregate_id: str) -> Reply:
    logic.delete(request.tx, aggregate_id)
    return Reply()


@routes.action(
    ACTION, "add_host", policy=policy.admin(), body=schemas.OfHost, reply=schemas.Body, status=200, errors=(409,)
)  # fmt: skip
def add_host(request: Request, aggregate_id: str, body: schemas.OfHost) -> schemas.Body:
    return _body(logic.add_host(request.tx, aggregate_id, body.host))


@routes.action(
    ACTION, "remove_host", policy=policy.admin(), body=schemas.OfHost, reply=schemas.Body, status=200, errors=(409,)
)  # fmt: skip
def remove_host(request: Request, aggregate_id: str, body: schemas.OfHost) -> schemas.Body:
    return _body(logic.remove_host(request.tx, aggregate_id, body.host))


@routes.action(
    ACTION, "set_metadata", policy=policy.admin(), body=schemas.SetMetadata, reply=schemas.Body, status=200,
    errors=(409,),
)  # fmt: skip
def set_metadata(request: Request, aggregate_id: str, body: schemas.SetMetadata) -> schemas.Body:
    return _body(logic.set_metadata(request.tx, aggregate_id, body.metadata))


@routes.post(
    f"{ONE}/images", policy=policy.admin(), body=schemas.CacheBody, status=202, versions=since("2.81"), errors=(409,)
)  # fmt: skip
def cache_images(request: Request, aggregate_id: str, body: schemas.CacheBody) -> Reply:
    logic.cache_images(request.tx, aggregate_id, [image.id for image in body.cache], request.origin())
    return Reply()
