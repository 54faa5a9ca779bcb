"""Routes of routers."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.shapes import under
from kumoi.services.network import resource_routes
from kumoi.services.network.routers import logic, schemas
from kumoi.services.network.routers.models import RouterDetails


def _shown(request: Request, row: RouterDetails) -> dict[str, Any]:
    return schemas.router(row)


routes = resource_routes.all_routes("router", logic, schemas, schemas.Router, _shown, quota=("router",))


@routes.put(
    "/routers/{router_id}/add_extraroutes",
    policy=policy.member(),
    body=schemas.ExtraRoutesBody,
    reply=under("router", schemas.Router),
)
def add_extraroutes(request: Request, router_id: str, body: schemas.ExtraRoutesBody) -> dict[str, Any]:
    return {"router": schemas.router(logic.change_routes(request.tx, request.who, router_id, add=body.router.routes))}


@routes.put(
    "/routers/{router_id}/remove_extraroutes",
    policy=policy.member(),
    body=schemas.ExtraRoutesBody,
    reply=under("router", schemas.Router),
)
def remove_extraroutes(request: Request, router_id: str, body: schemas.ExtraRoutesBody) -> dict[str, Any]:
    return {
        "router": schemas.router(logic.change_routes(request.tx, request.who, router_id, remove=body.router.routes))
    }
