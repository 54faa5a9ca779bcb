"""Routes of server tags."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import since
from kumoi.services.compute.server_tags import logic, schemas

routes = Routes()

ALL = "/servers/{server_id}/tags"
ONE = "/servers/{server_id}/tags/{tag}"
TAGS = since("2.26")


@routes.get(ALL, policy=policy.reader(), query=Nothing, versions=TAGS, reply=under("tags", list[str]))
def index(request: Request, server_id: str) -> dict[str, Any]:
    return {"tags": logic.show(request.tx, request.who, server_id)}


@routes.put(
    ALL, policy=policy.member(), body=schemas.Body, versions=TAGS, errors=(409,), reply=under("tags", list[str])
)
def replace(request: Request, server_id: str, body: schemas.Body) -> dict[str, Any]:
    return {"tags": logic.replace(request.tx, request.who, server_id, body.tags)}


@routes.delete(ALL, policy=policy.member(), versions=TAGS, errors=(409,))
def clear(request: Request, server_id: str) -> Reply:
    logic.replace(request.tx, request.who, server_id, [])
    return Reply()


@routes.get(ONE, policy=policy.reader(), versions=TAGS, status=204)
def show(request: Request, server_id: str, tag: str) -> Reply:
    logic.has(request.tx, request.who, server_id, tag)
    return Reply()


@routes.put(ONE, policy=policy.member(), versions=TAGS, status=204, errors=(201, 409))
def add(request: Request, server_id: str, tag: str) -> Reply:
    if logic.add(request.tx, request.who, server_id, tag):
        return Reply(status=201, headers={"Location": request.link(f"/servers/{server_id}/tags/{tag}")})
    return Reply()


@routes.delete(ONE, policy=policy.member(), versions=TAGS, errors=(409,))
def delete(request: Request, server_id: str, tag: str) -> Reply:
    logic.remove(request.tx, request.who, server_id, tag)
    return Reply()
