"""Routes of security group rules."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, under
from kumoi.services.network import bodies
from kumoi.services.network.listing import FIELDS, Asked, Fields, chosen_one, made, several
from kumoi.services.network.security_group_rules import logic, schemas
from kumoi.services.network.security_groups import live
from kumoi.services.network.security_groups.schemas import Rule

routes = Routes()


@routes.get(
    "/security-group-rules",
    policy=policy.reader(),
    mode="live",
    query=logic.LIST_QUERY,
    reply=several("security_group_rules", Rule),
)
def index(request: Request, query: Asked) -> dict[str, Any]:
    """Mode `live`: the first call creates the project's default group."""
    live.ensure_default(request.database, request.who)
    rows = request.database.read(lambda tx: logic.index(tx, request.who, query))
    return query.reply(request, "security_group_rules", [schemas.shown(row) for row in rows])


@routes.post(
    "/security-group-rules",
    policy=policy.member(),
    body=schemas.CreateBody,
    quota=("security_group_rule",),
    errors=(409,),
    reply=made("security_group_rule", Rule),
)
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    one, many = body.security_group_rule, body.security_group_rules
    rows = logic.create(request.tx, request.who, bodies.each(one, many, "security_group_rule"))
    if many is bodies.UNSET:
        return {"security_group_rule": schemas.shown(rows[0])}
    return {"security_group_rules": [schemas.shown(row) for row in rows]}


@routes.get(
    "/security-group-rules/{rule_id}",
    policy=policy.reader(),
    query=FIELDS,
    reply=under("security_group_rule", partial(Rule)),
)
def show(request: Request, rule_id: str, query: Fields) -> dict[str, Any]:
    row = logic.show(request.tx, request.who, rule_id)
    return {"security_group_rule": chosen_one(query, schemas.shown(row))}


@routes.delete("/security-group-rules/{rule_id}", policy=policy.member())
def delete(request: Request, rule_id: str) -> None:
    logic.delete(request.tx, request.who, rule_id)
