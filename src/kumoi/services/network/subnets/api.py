"""Routes of subnets."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, under
from kumoi.services.network import bodies
from kumoi.services.network.listing import Asked, chosen_one, made, several
from kumoi.services.network.subnets import logic, schemas

routes = Routes()


def _shown(request: Request, row: dict[str, Any]) -> dict[str, Any]:
    return {"subnet": schemas.subnet(row)}


@routes.get("/subnets", policy=policy.reader(), reply=several("subnets", schemas.Subnet))
def index(request: Request) -> dict[str, Any]:
    asked = Asked.of(request.params)
    rows = logic.index(request.tx, request.who, asked)
    return asked.reply(request, "subnets", [schemas.subnet(row) for row in rows])


@routes.post(
    "/subnets",
    policy=policy.member(),
    body=schemas.CreateBody,
    raw_body=True,
    quota=("subnet",),
    errors=(409,),
    reply=made("subnet", schemas.Subnet),
)
def create(request: Request) -> dict[str, Any]:
    body = bodies.decode(request, schemas.CreateBody)
    rows = logic.create(request.tx, request.who, bodies.each(body.subnet, body.subnets, "subnet"))
    if body.subnets is bodies.UNSET:
        return _shown(request, rows[0])
    return {"subnets": [schemas.subnet(row) for row in rows]}


@routes.get("/subnets/{subnet_id}", policy=policy.reader(), reply=under("subnet", partial(schemas.Subnet)))
def show(request: Request, subnet_id: str) -> dict[str, Any]:
    row = logic.show(request.tx, request.who, subnet_id)
    return {"subnet": chosen_one(request, schemas.subnet(row))}


@routes.put(
    "/subnets/{subnet_id}",
    policy=policy.member(),
    body=schemas.UpdateBody,
    raw_body=True,
    errors=(409, 412),
    reply=under("subnet", schemas.Subnet),
)
def update(request: Request, subnet_id: str) -> dict[str, Any]:
    body = bodies.decode(request, schemas.UpdateBody)
    if_match = request.headers.get("if-match")
    return _shown(request, logic.update(request.tx, request.who, subnet_id, body.subnet, if_match))


@routes.delete("/subnets/{subnet_id}", policy=policy.member(), errors=(409, 412))
def delete(request: Request, subnet_id: str) -> None:
    logic.delete(request.tx, request.who, subnet_id, request.headers.get("if-match"))
