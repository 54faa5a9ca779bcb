"""Routes of interfaces."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.compute.interfaces import logic, schemas

routes = Routes()

ALL = "/servers/{server_id}/os-interface"
ONE = "/servers/{server_id}/os-interface/{port_id}"


@routes.get(ALL, policy=policy.reader(), query=Nothing, reply=schemas.ListBody)
def index(request: Request, server_id: str) -> schemas.ListBody:
    return schemas.ListBody([schemas.shown(port) for port in logic.list_of(request.tx, request.who, server_id)])


@routes.get(ONE, policy=policy.reader(), reply=schemas.ShowBody)
def show(request: Request, server_id: str, port_id: str) -> schemas.ShowBody:
    return schemas.ShowBody(schemas.shown(logic.show(request.tx, request.who, server_id, port_id)))


@routes.post(
    ALL, policy=policy.member(), body=schemas.CreateBody, reply=schemas.ShowBody, status=200, quota=("port",),
    errors=(409,),
)  # fmt: skip
def create(request: Request, server_id: str, body: schemas.CreateBody) -> schemas.ShowBody:
    asked = body.interfaceAttachment or schemas.Asked()
    port = logic.attach(
        request.tx, request.who, server_id, request.origin(), network_id=asked.net_id, port_id=asked.port_id,
        fixed_ip=asked.fixed_ips[0].ip_address if asked.fixed_ips else None, tag=asked.tag,
    )  # fmt: skip
    return schemas.ShowBody(schemas.shown(port))


@routes.delete(ONE, policy=policy.member(), status=202, errors=(409,))
def delete(request: Request, server_id: str, port_id: str) -> Reply:
    logic.detach(request.tx, request.who, server_id, port_id, request.origin())
    return Reply()
