"""Routes of availability zones."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.services.compute.availability_zones import logic

routes = Routes()


class ZoneState(msgspec.Struct):
    available: bool


class OfHost(msgspec.Struct):
    active: bool
    available: bool
    updated_at: str | None


class Zone(msgspec.Struct):
    """`hosts`: host → binary → its state, for admins."""

    zoneName: str
    zoneState: ZoneState
    hosts: dict[str, dict[str, OfHost]] | None


@routes.get(
    "/os-availability-zone", policy=policy.reader(), query=Nothing, reply=under("availabilityZoneInfo", list[Zone])
)
def index(request: Request) -> dict[str, Any]:
    return {"availabilityZoneInfo": logic.zones(request.tx, with_hosts=False)}


@routes.get(
    "/os-availability-zone/detail",
    policy=policy.admin(),
    query=Nothing,
    reply=under("availabilityZoneInfo", list[Zone]),
)
def detail(request: Request) -> dict[str, Any]:
    return {"availabilityZoneInfo": logic.zones(request.tx, with_hosts=True)}
