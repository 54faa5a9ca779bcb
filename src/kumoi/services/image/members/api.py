"""Routes of members."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.image.members import logic, schemas

routes = Routes()


@routes.get(
    "/v2/images/{image_id}/members",
    policy=policy.reader(),
    query=Nothing,
    reply=under("members", list[schemas.Member], schema=str),
)
def index(request: Request, image_id: str) -> dict[str, Any]:
    rows = logic.list_of(request.tx, request.who, image_id)
    return {"members": [schemas.member(row) for row in rows], "schema": "/v2/schemas/members"}


@routes.post(
    "/v2/images/{image_id}/members",
    policy=policy.member_of_visible(),
    body=schemas.Create,
    status=200,
    errors=(409, 413),
    reply=schemas.Member,
)
def create(request: Request, image_id: str, body: schemas.Create) -> dict[str, Any]:
    return schemas.member(logic.add(request.tx, request.who, image_id, body.member))


@routes.get("/v2/images/{image_id}/members/{member_id}", policy=policy.reader(), reply=schemas.Member)
def show(request: Request, image_id: str, member_id: str) -> dict[str, Any]:
    return schemas.member(logic.show(request.tx, request.who, image_id, member_id))


@routes.put(
    "/v2/images/{image_id}/members/{member_id}",
    policy=policy.member_of_visible(),
    body=schemas.Update,
    reply=schemas.Member,
)
def update(request: Request, image_id: str, member_id: str, body: schemas.Update) -> dict[str, Any]:
    return schemas.member(logic.answer(request.tx, request.who, image_id, member_id, body.status))


@routes.delete("/v2/images/{image_id}/members/{member_id}", policy=policy.member_of_visible())
def delete(request: Request, image_id: str, member_id: str) -> Reply:
    logic.remove(request.tx, request.who, image_id, member_id)
    return Reply()
