"""Routes of ports."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, under
from kumoi.services.network import bodies
from kumoi.services.network.listing import FIELDS, Asked, Fields, chosen_one, made, several
from kumoi.services.network.ports import logic, schemas
from kumoi.services.network.ports.models import PortDetails

routes = Routes()


def _shown(request: Request, row: PortDetails) -> dict[str, Any]:
    return {"port": schemas.port(row, with_binding=request.who.sees(None))}


@routes.get("/ports", policy=policy.reader(), query=logic.LIST_QUERY, reply=several("ports", schemas.Port))
def index(request: Request, query: Asked) -> dict[str, Any]:
    rows = logic.index(request.tx, request.who, query)
    return query.reply(request, "ports", [schemas.port(row, with_binding=request.who.sees(None)) for row in rows])


@routes.post(
    "/ports",
    policy=policy.member(),
    body=schemas.CreateBody,
    quota=("port",),
    errors=(409,),
    reply=made("port", schemas.Port),
)
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    rows = logic.create(request.tx, request.who, bodies.each(body.port, body.ports, "port"))
    if body.ports is bodies.UNSET:
        return _shown(request, rows[0])
    return {"ports": [schemas.port(row, with_binding=request.who.sees(None)) for row in rows]}


@routes.get("/ports/{port_id}", policy=policy.reader(), query=FIELDS, reply=under("port", partial(schemas.Port)))
def show(request: Request, port_id: str, query: Fields) -> dict[str, Any]:
    row = logic.show(request.tx, request.who, port_id)
    return {"port": chosen_one(query, schemas.port(row, with_binding=request.who.sees(None)))}


@routes.put(
    "/ports/{port_id}",
    policy=policy.member(),
    body=schemas.UpdateBody,
    errors=(409, 412),
    reply=under("port", schemas.Port),
)
def update(request: Request, port_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    if_match = request.headers.get("if-match")
    return _shown(request, logic.update(request.tx, request.who, port_id, body.port, if_match))


@routes.delete("/ports/{port_id}", policy=policy.member(), errors=(409, 412))
def delete(request: Request, port_id: str) -> None:
    logic.delete(request.tx, request.who, port_id, request.headers.get("if-match"))
