"""Routes of routers."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, under
from kumoi.services.network import bodies
from kumoi.services.network.listing import FIELDS, Asked, Fields, chosen_one, made, several
from kumoi.services.network.routers import logic, schemas
from kumoi.services.network.routers.models import RouterDetails

routes = Routes()


def _shown(row: RouterDetails) -> dict[str, Any]:
    return {"router": schemas.router(row)}


@routes.get("/routers", policy=policy.reader(), query=logic.LIST_QUERY, reply=several("routers", schemas.Router))
def index(request: Request, query: Asked) -> dict[str, Any]:
    rows = logic.index(request.tx, request.who, query)
    return query.reply(request, "routers", [schemas.router(row) for row in rows])


@routes.post(
    "/routers",
    policy=policy.member(),
    body=schemas.CreateBody,
    quota=("router",),
    errors=(409,),
    reply=made("router", schemas.Router),
)
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    rows = logic.create(request.tx, request.who, bodies.each(body.router, body.routers, "router"))
    if body.routers is bodies.UNSET:
        return _shown(rows[0])
    return {"routers": [schemas.router(row) for row in rows]}


@routes.get(
    "/routers/{router_id}", policy=policy.reader(), query=FIELDS, reply=under("router", partial(schemas.Router))
)
def show(request: Request, router_id: str, query: Fields) -> dict[str, Any]:
    row = logic.show(request.tx, request.who, router_id)
    return {"router": chosen_one(query, schemas.router(row))}


@routes.put(
    "/routers/{router_id}",
    policy=policy.member(),
    body=schemas.UpdateBody,
    errors=(409, 412),
    reply=under("router", schemas.Router),
)
def update(request: Request, router_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    if_match = request.headers.get("if-match")
    return _shown(logic.update(request.tx, request.who, router_id, body.router, if_match))


@routes.delete("/routers/{router_id}", policy=policy.member(), errors=(409, 412))
def delete(request: Request, router_id: str) -> None:
    logic.delete(request.tx, request.who, router_id, request.headers.get("if-match"))


@routes.put(
    "/routers/{router_id}/add_extraroutes",
    policy=policy.member(),
    body=schemas.ExtraRoutesBody,
    reply=under("router", schemas.Router),
)
def add_extraroutes(request: Request, router_id: str, body: schemas.ExtraRoutesBody) -> dict[str, Any]:
    return _shown(logic.change_routes(request.tx, request.who, router_id, add=body.router.routes))


@routes.put(
    "/routers/{router_id}/remove_extraroutes",
    policy=policy.member(),
    body=schemas.ExtraRoutesBody,
    reply=under("router", schemas.Router),
)
def remove_extraroutes(request: Request, router_id: str, body: schemas.ExtraRoutesBody) -> dict[str, Any]:
    return _shown(logic.change_routes(request.tx, request.who, router_id, remove=body.router.routes))
