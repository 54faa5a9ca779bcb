"""Routes of subnets."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, under
from kumoi.services.network import bodies
from kumoi.services.network.listing import FIELDS, Asked, Fields, chosen_one, made, several
from kumoi.services.network.subnets import logic, schemas
from kumoi.services.network.subnets.models import SubnetDetails

routes = Routes()


def _shown(request: Request, row: SubnetDetails) -> dict[str, Any]:
    return {"subnet": schemas.subnet(row)}


@routes.get("/subnets", policy=policy.reader(), query=logic.LIST_QUERY, reply=several("subnets", schemas.Subnet))
def index(request: Request, query: Asked) -> dict[str, Any]:
    rows = logic.index(request.tx, request.who, query)
    return query.reply(request, "subnets", [schemas.subnet(row) for row in rows])


@routes.post(
    "/subnets",
    policy=policy.member(),
    body=schemas.CreateBody,
    quota=("subnet",),
    errors=(409,),
    reply=made("subnet", schemas.Subnet),
)
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    rows = logic.create(request.tx, request.who, bodies.each(body.subnet, body.subnets, "subnet"))
    if body.subnets is bodies.UNSET:
        return _shown(request, rows[0])
    return {"subnets": [schemas.subnet(row) for row in rows]}


@routes.get(
    "/subnets/{subnet_id}", policy=policy.reader(), query=FIELDS, reply=under("subnet", partial(schemas.Subnet))
)
def show(request: Request, subnet_id: str, query: Fields) -> dict[str, Any]:
    row = logic.show(request.tx, request.who, subnet_id)
    return {"subnet": chosen_one(query, schemas.subnet(row))}


@routes.put(
    "/subnets/{subnet_id}",
    policy=policy.member(),
    body=schemas.UpdateBody,
    errors=(409, 412),
    reply=under("subnet", schemas.Subnet),
)
def update(request: Request, subnet_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    if_match = request.headers.get("if-match")
    return _shown(request, logic.update(request.tx, request.who, subnet_id, body.subnet, if_match))


@routes.delete("/subnets/{subnet_id}", policy=policy.member(), errors=(409, 412))
def delete(request: Request, subnet_id: str) -> None:
    logic.delete(request.tx, request.who, subnet_id, request.headers.get("if-match"))
