"""Routes of availability zones."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes

routes = Routes()
ZONE = "nova"


@routes.get("/os-availability-zone", policy=policy.reader())
def index(request: Request) -> dict[str, Any]:
    return {"availabilityZoneInfo": [{"zoneName": ZONE, "zoneState": {"available": True}}]}
