"""Routes of availability zones."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partials, under
from kumoi.services.network.listing import Asked, chosen, list_query
from kumoi.services.network.networks.schemas import ZONE

routes = Routes()


class Zone(msgspec.Struct):
    name: str
    state: str
    resource: str


LIST_QUERY = list_query({"name": str, "state": str, "resource": str})


@routes.get(
    "/availability_zones", policy=policy.reader(), query=LIST_QUERY, reply=under("availability_zones", partials(Zone))
)
def index(request: Request, query: Asked) -> dict[str, Any]:
    zones: list[dict[str, Any]] = [
        {"name": ZONE, "state": "available", "resource": resource} for resource in ("network", "router")
    ]
    for name in ("name", "state", "resource"):
        wanted = query.filters.get(name)
        if wanted:
            zones = [zone for zone in zones if zone[name] in wanted]
    return {"availability_zones": chosen(zones, query.fields)}
