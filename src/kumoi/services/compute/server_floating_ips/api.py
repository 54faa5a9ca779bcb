"""Routes of servers' floating IPs: actions of versions before 2.44, which older clients use."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import until
from kumoi.services.compute.server_floating_ips import logic, schemas

routes = Routes()

ACTION = "/servers/{server_id}/action"


@routes.action(ACTION, "addFloatingIp", policy=policy.member(), body=schemas.Add, versions=until("2.43"), errors=(409,))
def add(request: Request, server_id: str, body: schemas.Add) -> Reply:
    logic.add(request.tx, request.who, server_id, body.address, body.fixed_address)
    return Reply()


@routes.action(
    ACTION, "removeFloatingIp", policy=policy.member(), body=schemas.Remove, versions=until("2.43"), errors=(409,)
)
def remove(request: Request, server_id: str, body: schemas.Remove) -> Reply:
    logic.remove(request.tx, request.who, server_id, body.address)
    return Reply()
