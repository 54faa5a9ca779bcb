"""Routes of servers' passwords: docs.openstack.org/api-ref/compute/#servers-password-servers-os-server-password."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.compute.server_password import live
from kumoi.services.compute.servers.logic import changes

routes = Routes()

PATH = "/servers/{server_id}/os-server-password"


@routes.get(PATH, policy=policy.reader(), mode="live", errors=(503,), reply=under("password", str))
def show(request: Request, server_id: str) -> dict[str, str]:
    row = request.database.read(lambda tx: changes.visible(tx, request.who, server_id))
    return {"password": live.password(request, row)}


@routes.delete(PATH, policy=policy.member(), mode="live", errors=(503,))
def delete(request: Request, server_id: str) -> Reply:
    row = request.database.read(lambda tx: changes.own(tx, request.who, server_id))
    live.clear(request, row)
    return Reply()
