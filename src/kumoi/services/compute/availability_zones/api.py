"""Routes of availability zones."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.compute.availability_zones import logic

routes = Routes()


@routes.get("/os-availability-zone", policy=policy.reader())
def index(request: Request) -> dict[str, Any]:
    return {"availabilityZoneInfo": logic.zones(request.tx, with_hosts=False)}


@routes.get("/os-availability-zone/detail", policy=policy.admin())
def detail(request: Request) -> dict[str, Any]:
    return {"availabilityZoneInfo": logic.zones(request.tx, with_hosts=True)}
