"""Routes of security groups."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, under
from kumoi.services.network import bodies
from kumoi.services.network.listing import FIELDS, Asked, Fields, chosen_one, made, several
from kumoi.services.network.security_groups import live, logic, schemas
from kumoi.services.network.security_groups.models import SecurityGroupDetails

routes = Routes()


def _shown(request: Request, row: SecurityGroupDetails) -> dict[str, Any]:
    return {"security_group": schemas.security_group(row)}


@routes.get(
    "/security-groups",
    policy=policy.reader(),
    mode="live",
    query=logic.LIST_QUERY,
    reply=several("security_groups", schemas.SecurityGroup),
)
def index(request: Request, query: Asked) -> dict[str, Any]:
    """Mode `live`: the first call creates the project's default group in a transaction of its own. Later calls only
    read."""
    live.ensure_default(request.database, request.who)
    rows = request.database.read(lambda tx: logic.index(tx, request.who, query))
    return query.reply(request, "security_groups", [schemas.security_group(row) for row in rows])


@routes.post(
    "/security-groups",
    policy=policy.member(),
    body=schemas.CreateBody,
    quota=("security_group", "security_group_rule"),
    errors=(409,),
    reply=made("security_group", schemas.SecurityGroup),
)
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    rows = logic.create(
        request.tx, request.who, bodies.each(body.security_group, body.security_groups, "security_group")
    )
    if body.security_groups is bodies.UNSET:
        return _shown(request, rows[0])
    return {"security_groups": [schemas.security_group(row) for row in rows]}


@routes.get(
    "/security-groups/{security_group_id}",
    policy=policy.reader(),
    query=FIELDS,
    reply=under("security_group", partial(schemas.SecurityGroup)),
)
def show(request: Request, security_group_id: str, query: Fields) -> dict[str, Any]:
    row = logic.show(request.tx, request.who, security_group_id)
    return {"security_group": chosen_one(query, schemas.security_group(row))}


@routes.put(
    "/security-groups/{security_group_id}",
    policy=policy.member(),
    body=schemas.UpdateBody,
    errors=(409, 412),
    reply=under("security_group", schemas.SecurityGroup),
)
def update(request: Request, security_group_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    if_match = request.headers.get("if-match")
    return _shown(request, logic.update(request.tx, request.who, security_group_id, body.security_group, if_match))


@routes.delete("/security-groups/{security_group_id}", policy=policy.member(), errors=(409, 412))
def delete(request: Request, security_group_id: str) -> None:
    logic.delete(request.tx, request.who, security_group_id, request.headers.get("if-match"))
