"""Routes of availability zones."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under

routes = Routes()


class ZoneState(msgspec.Struct):
    available: bool


class Zone(msgspec.Struct):
    zoneName: str
    zoneState: ZoneState


ZONE = "nova"


@routes.get(
    "/os-availability-zone", policy=policy.reader(), query=Nothing, reply=under("availabilityZoneInfo", list[Zone])
)
def index(request: Request) -> dict[str, Any]:
    return {"availabilityZoneInfo": [{"zoneName": ZONE, "zoneState": {"available": True}}]}
