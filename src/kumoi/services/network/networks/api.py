"""Routes of networks."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, under
from kumoi.services.network import bodies
from kumoi.services.network.listing import FIELDS, Asked, Fields, chosen_one, made, several
from kumoi.services.network.networks import logic, schemas
from kumoi.services.network.networks.models import NetworkDetails

routes = Routes()


def _shown(request: Request, row: NetworkDetails) -> dict[str, Any]:
    return {"network": schemas.network(row, with_provider=request.who.sees(None))}


@routes.get("/networks", policy=policy.reader(), query=logic.LIST_QUERY, reply=several("networks", schemas.Network))
def index(request: Request, query: Asked) -> dict[str, Any]:
    rows = logic.index(request.tx, request.who, query)
    return query.reply(
        request, "networks", [schemas.network(row, with_provider=request.who.sees(None)) for row in rows]
    )


@routes.post(
    "/networks",
    policy=policy.member(),
    body=schemas.CreateBody,
    quota=("network",),
    errors=(409,),
    reply=made("network", schemas.Network),
)
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    rows = logic.create(request.tx, request.who, bodies.each(body.network, body.networks, "network"))
    if body.networks is bodies.UNSET:
        return _shown(request, rows[0])
    return {"networks": [schemas.network(row, with_provider=request.who.sees(None)) for row in rows]}


@routes.get(
    "/networks/{network_id}", policy=policy.reader(), query=FIELDS, reply=under("network", partial(schemas.Network))
)
def show(request: Request, network_id: str, query: Fields) -> dict[str, Any]:
    row = logic.show(request.tx, request.who, network_id)
    return {"network": chosen_one(query, schemas.network(row, with_provider=request.who.sees(None)))}


@routes.put(
    "/networks/{network_id}",
    policy=policy.member(),
    body=schemas.UpdateBody,
    errors=(409, 412),
    reply=under("network", schemas.Network),
)
def update(request: Request, network_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    if_match = request.headers.get("if-match")
    return _shown(request, logic.update(request.tx, request.who, network_id, body.network, if_match))


@routes.delete("/networks/{network_id}", policy=policy.member(), errors=(409, 412))
def delete(request: Request, network_id: str) -> None:
    logic.delete(request.tx, request.who, network_id, request.headers.get("if-match"))
