"""Routes of servers' security groups."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.compute.server_security_groups import logic, schemas

routes = Routes()

ACTION = "/servers/{server_id}/action"


@routes.get(
    "/servers/{server_id}/os-security-groups",
    policy=policy.reader(),
    query=Nothing,
    reply=under("security_groups", list[schemas.Shown]),
)
def index(request: Request, server_id: str) -> dict[str, Any]:
    rows = logic.list_of(request.tx, request.who, server_id)
    names = {row["id"]: row["name"] for row in rows}
    return {"security_groups": [schemas.group(row, names) for row in rows]}


@routes.action(ACTION, "addSecurityGroup", policy=policy.member(), body=schemas.Group, errors=(409,))
def add(request: Request, server_id: str, body: schemas.Group) -> Reply:
    logic.add(request.tx, request.who, server_id, body.name)
    return Reply()


@routes.action(ACTION, "removeSecurityGroup", policy=policy.member(), body=schemas.Group, errors=(409,))
def remove(request: Request, server_id: str, body: schemas.Group) -> Reply:
    logic.remove(request.tx, request.who, server_id, body.name)
    return Reply()
