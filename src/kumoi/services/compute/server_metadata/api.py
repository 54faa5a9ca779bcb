"""Routes of server metadata."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.compute.server_metadata import logic, schemas

routes = Routes()

ALL = "/servers/{server_id}/metadata"
ONE = "/servers/{server_id}/metadata/{key}"


@routes.get(ALL, policy=policy.reader(), query=Nothing, reply=under("metadata", dict[str, str]))
def index(request: Request, server_id: str) -> dict[str, Any]:
    return {"metadata": logic.show(request.tx, request.who, server_id)}


@routes.post(
    ALL, policy=policy.member(), body=schemas.Body, status=200, errors=(409,), reply=under("metadata", dict[str, str])
)
def create(request: Request, server_id: str, body: schemas.Body) -> dict[str, Any]:
    return {"metadata": logic.change(request.tx, request.who, server_id, body.metadata, replace=False)}


@routes.put(ALL, policy=policy.member(), body=schemas.Body, errors=(409,), reply=under("metadata", dict[str, str]))
def replace(request: Request, server_id: str, body: schemas.Body) -> dict[str, Any]:
    return {"metadata": logic.change(request.tx, request.who, server_id, body.metadata, replace=True)}


@routes.get(ONE, policy=policy.reader(), reply=under("meta", dict[str, str]))
def show(request: Request, server_id: str, key: str) -> dict[str, Any]:
    return {"meta": {key: logic.item(request.tx, request.who, server_id, key)}}


@routes.put(ONE, policy=policy.member(), body=schemas.ItemBody, errors=(409,), reply=under("meta", dict[str, str]))
def update(request: Request, server_id: str, key: str, body: schemas.ItemBody) -> dict[str, Any]:
    return {"meta": {key: logic.set_item(request.tx, request.who, server_id, key, body.meta)}}


@routes.delete(ONE, policy=policy.member(), errors=(409,))
def delete(request: Request, server_id: str, key: str) -> Reply:
    logic.delete(request.tx, request.who, server_id, key)
    return Reply()
