"""Routes of servers' passwords: docs.openstack.org/api-ref/compute/#servers-password-servers-os-server-password."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.compute.servers.logic import changes

routes = Routes()

PATH = "/servers/{server_id}/os-server-password"


@routes.get(PATH, policy=policy.reader(), reply=under("password", str))
def show(request: Request, server_id: str) -> dict[str, str]:
    changes.visible(request.tx, request.who, server_id)
    return {"password": ""}


@routes.delete(PATH, policy=policy.member())
def delete(request: Request, server_id: str) -> Reply:
    changes.own(request.tx, request.who, server_id)
    return Reply()
