"""Routes of the availability of addresses, which admins only are told."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, partials, under
from kumoi.services.network.errors import NetworkNotFound
from kumoi.services.network.ip_availability import logic
from kumoi.services.network.listing import chosen, chosen_one

routes = Routes()


class OfSubnet(msgspec.Struct, kw_only=True):
    subnet_id: str
    subnet_name: str
    cidr: str
    ip_version: int
    total_ips: int
    used_ips: int


class OfNetwork(msgspec.Struct, kw_only=True):
    network_id: str
    network_name: str
    project_id: str
    tenant_id: str
    total_ips: int
    used_ips: int
    subnet_ip_availability: list[OfSubnet]


@routes.get(
    "/network-ip-availabilities",
    policy=policy.reader(),
    reply=under("network_ip_availabilities", partials(OfNetwork)),
)
def index(request: Request) -> dict[str, Any]:
    if not request.who.sees(None):
        return {"network_ip_availabilities": []}
    found = logic.index(request.tx, request.who, request.params)
    return {"network_ip_availabilities": chosen(found, request.params.get("fields", ()))}


@routes.get(
    "/network-ip-availabilities/{network_id}",
    policy=policy.reader(),
    reply=under("network_ip_availability", partial(OfNetwork)),
)
def show(request: Request, network_id: str) -> dict[str, Any]:
    if not request.who.sees(None):
        raise NetworkNotFound(network_id)
    return {"network_ip_availability": chosen_one(request, logic.show(request.tx, network_id))}
