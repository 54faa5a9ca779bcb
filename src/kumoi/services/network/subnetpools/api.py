"""Routes of subnet pools."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, under
from kumoi.services.network import bodies
from kumoi.services.network.listing import FIELDS, Asked, Fields, chosen_one, made, several
from kumoi.services.network.subnetpools import logic, schemas
from kumoi.services.network.subnetpools.models import SubnetpoolDetails

routes = Routes()


def _shown(request: Request, row: SubnetpoolDetails) -> dict[str, Any]:
    return {"subnetpool": schemas.subnetpool(row)}


@routes.get(
    "/subnetpools", policy=policy.reader(), query=logic.LIST_QUERY, reply=several("subnetpools", schemas.Subnetpool)
)
def index(request: Request, query: Asked) -> dict[str, Any]:
    rows = logic.index(request.tx, request.who, query)
    return query.reply(request, "subnetpools", [schemas.subnetpool(row) for row in rows])


@routes.post(
    "/subnetpools",
    policy=policy.member(),
    body=schemas.CreateBody,
    quota=("subnetpool",),
    errors=(409,),
    reply=made("subnetpool", schemas.Subnetpool),
)
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    rows = logic.create(request.tx, request.who, bodies.each(body.subnetpool, body.subnetpools, "subnetpool"))
    if body.subnetpools is bodies.UNSET:
        return _shown(request, rows[0])
    return {"subnetpools": [schemas.subnetpool(row) for row in rows]}


@routes.get(
    "/subnetpools/{subnetpool_id}",
    policy=policy.reader(),
    query=FIELDS,
    reply=under("subnetpool", partial(schemas.Subnetpool)),
)
def show(request: Request, subnetpool_id: str, query: Fields) -> dict[str, Any]:
    row = logic.show(request.tx, request.who, subnetpool_id)
    return {"subnetpool": chosen_one(query, schemas.subnetpool(row))}


@routes.put(
    "/subnetpools/{subnetpool_id}",
    policy=policy.member(),
    body=schemas.UpdateBody,
    errors=(409, 412),
    reply=under("subnetpool", schemas.Subnetpool),
)
def update(request: Request, subnetpool_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    if_match = request.headers.get("if-match")
    return _shown(request, logic.update(request.tx, request.who, subnetpool_id, body.subnetpool, if_match))


@routes.delete("/subnetpools/{subnetpool_id}", policy=policy.member(), errors=(409, 412))
def delete(request: Request, subnetpool_id: str) -> None:
    logic.delete(request.tx, request.who, subnetpool_id, request.headers.get("if-match"))
