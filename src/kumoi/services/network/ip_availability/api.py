"""Routes of the availability of addresses, for admins."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, partials, under
from kumoi.services.network.errors import NetworkNotFound
from kumoi.services.network.ip_availability import logic
from kumoi.services.network.listing import FIELDS, Asked, Fields, chosen, chosen_one, list_query

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


LIST_QUERY = list_query({**dict.fromkeys(logic.FILTERS, str), "ip_version": int})


@routes.get(
    "/network-ip-availabilities",
    policy=policy.reader(),
    query=LIST_QUERY,
    reply=under("network_ip_availabilities", partials(OfNetwork)),
)
def index(request: Request, query: Asked) -> dict[str, Any]:
    if not request.who.sees(None):
        return {"network_ip_availabilities": []}
    found = logic.index(request.tx, request.who, query)
    return {"network_ip_availabilities": chosen(found, query.fields)}


@routes.get(
    "/network-ip-availabilities/{network_id}",
    policy=policy.reader(),
    query=FIELDS,
    reply=under("network_ip_availability", partial(OfNetwork)),
)
def show(request: Request, network_id: str, query: Fields) -> dict[str, Any]:
    if not request.who.sees(None):
        raise NetworkNotFound(network_id)
    return {"network_ip_availability": chosen_one(query, logic.show(request.tx, network_id))}
