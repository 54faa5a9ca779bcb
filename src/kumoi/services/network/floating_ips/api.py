"""Routes of floating IPs."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, under
from kumoi.services.network import bodies
from kumoi.services.network.floating_ips import logic, schemas
from kumoi.services.network.floating_ips.models import FloatingIpDetails
from kumoi.services.network.listing import FIELDS, Asked, Fields, chosen_one, made, several

routes = Routes()


def _shown(request: Request, row: FloatingIpDetails) -> dict[str, Any]:
    return {"floatingip": schemas.floating_ip(row)}


@routes.get(
    "/floatingips", policy=policy.reader(), query=logic.LIST_QUERY, reply=several("floatingips", schemas.FloatingIp)
)
def index(request: Request, query: Asked) -> dict[str, Any]:
    rows = logic.index(request.tx, request.who, query)
    return query.reply(request, "floatingips", [schemas.floating_ip(row) for row in rows])


@routes.post(
    "/floatingips",
    policy=policy.member(),
    body=schemas.CreateBody,
    quota=("floatingip",),
    errors=(409,),
    reply=made("floatingip", schemas.FloatingIp),
)
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    rows = logic.create(request.tx, request.who, bodies.each(body.floatingip, body.floatingips, "floatingip"))
    if body.floatingips is bodies.UNSET:
        return _shown(request, rows[0])
    return {"floatingips": [schemas.floating_ip(row) for row in rows]}


@routes.get(
    "/floatingips/{floating_ip_id}",
    policy=policy.reader(),
    query=FIELDS,
    reply=under("floatingip", partial(schemas.FloatingIp)),
)
def show(request: Request, floating_ip_id: str, query: Fields) -> dict[str, Any]:
    row = logic.show(request.tx, request.who, floating_ip_id)
    return {"floatingip": chosen_one(query, schemas.floating_ip(row))}


@routes.put(
    "/floatingips/{floating_ip_id}",
    policy=policy.member(),
    body=schemas.UpdateBody,
    errors=(409, 412),
    reply=under("floatingip", schemas.FloatingIp),
)
def update(request: Request, floating_ip_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    if_match = request.headers.get("if-match")
    return _shown(request, logic.update(request.tx, request.who, floating_ip_id, body.floatingip, if_match))


@routes.delete("/floatingips/{floating_ip_id}", policy=policy.member(), errors=(409, 412))
def delete(request: Request, floating_ip_id: str) -> None:
    logic.delete(request.tx, request.who, floating_ip_id, request.headers.get("if-match"))
