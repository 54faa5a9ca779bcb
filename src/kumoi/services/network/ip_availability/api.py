"""Routes of the availability of addresses, which admins only are told."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.network.errors import NetworkNotFound
from kumoi.services.network.ip_availability import logic
from kumoi.services.network.listing import chosen, chosen_one

routes = Routes()


@routes.get("/network-ip-availabilities", policy=policy.reader())
def index(request: Request) -> dict[str, Any]:
    if not request.who.sees(None):
        return {"network_ip_availabilities": []}
    found = logic.index(request.tx, request.who, request.params)
    return {"network_ip_availabilities": chosen(found, request.params.get("fields", ()))}


@routes.get("/network-ip-availabilities/{network_id}", policy=policy.reader())
def show(request: Request, network_id: str) -> dict[str, Any]:
    if not request.who.sees(None):
        raise NetworkNotFound(network_id)
    return {"network_ip_availability": chosen_one(request, logic.show(request.tx, network_id))}
