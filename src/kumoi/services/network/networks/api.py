"""Routes of networks."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, under
from kumoi.services.network import bodies
from kumoi.services.network.listing import Asked, chosen_one, made, several
from kumoi.services.network.networks import logic, schemas

routes = Routes()


def _shown(request: Request, row: dict[str, Any]) -> dict[str, Any]:
    return {"network": schemas.network(row, with_provider=request.who.sees(None))}


@routes.get("/networks", policy=policy.reader(), reply=several("networks", schemas.Network))
def index(request: Request) -> dict[str, Any]:
    asked = Asked.of(request.params)
    rows = logic.index(request.tx, request.who, asked)
    return asked.reply(
        request, "networks", [schemas.network(row, with_provider=request.who.sees(None)) for row in rows]
    )


@routes.post(
    "/networks",
    policy=policy.member(),
    body=schemas.CreateBody,
    raw_body=True,
    quota=("network",),
    errors=(409,),
    reply=made("network", schemas.Network),
)
def create(request: Request) -> dict[str, Any]:
    body = bodies.decode(request, schemas.CreateBody)
    rows = logic.create(request.tx, request.who, bodies.each(body.network, body.networks, "network"))
    if body.networks is bodies.UNSET:
        return _shown(request, rows[0])
    return {"networks": [schemas.network(row, with_provider=request.who.sees(None)) for row in rows]}


@routes.get("/networks/{network_id}", policy=policy.reader(), reply=under("network", partial(schemas.Network)))
def show(request: Request, network_id: str) -> dict[str, Any]:
    row = logic.show(request.tx, request.who, network_id)
    return {"network": chosen_one(request, schemas.network(row, with_provider=request.who.sees(None)))}


@routes.put(
    "/networks/{network_id}",
    policy=policy.member(),
    body=schemas.UpdateBody,
    raw_body=True,
    errors=(409, 412),
    reply=under("network", schemas.Network),
)
def update(request: Request, network_id: str) -> dict[str, Any]:
    body = bodies.decode(request, schemas.UpdateBody)
    if_match = request.headers.get("if-match")
    return _shown(request, logic.update(request.tx, request.who, network_id, body.network, if_match))


@routes.delete("/networks/{network_id}", policy=policy.member(), errors=(409, 412))
def delete(request: Request, network_id: str) -> None:
    logic.delete(request.tx, request.who, network_id, request.headers.get("if-match"))
