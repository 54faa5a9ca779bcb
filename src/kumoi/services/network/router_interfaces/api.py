"""Routes of router interfaces."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.network.router_interfaces import logic
from kumoi.services.network.routers import schemas

routes = Routes()


@routes.put(
    "/routers/{router_id}/add_router_interface", policy=policy.member(), body=schemas.InterfaceBody,
    quota=("port",), errors=(409,), reply=schemas.Interface)  # fmt: skip
def add(request: Request, router_id: str, body: schemas.InterfaceBody) -> dict[str, Any]:
    return schemas.interface(*logic.add(request.tx, request.who, router_id, body.subnet_id, body.port_id))


@routes.put(
    "/routers/{router_id}/remove_router_interface", policy=policy.member(), body=schemas.InterfaceBody,
    errors=(409,), reply=schemas.Interface)  # fmt: skip
def remove(request: Request, router_id: str, body: schemas.InterfaceBody) -> dict[str, Any]:
    return schemas.interface(*logic.remove(request.tx, request.who, router_id, body.subnet_id, body.port_id))
