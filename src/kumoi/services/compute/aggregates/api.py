"""Routes of host aggregates: this cloud has none, and none can be made; the stock client asks whenever it shows a host."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.errors import NotBuilt
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under

routes = Routes()


@routes.get(
    "/os-aggregates", policy=policy.admin(), query=Nothing, mode="live", reply=under("aggregates", list[dict[str, Any]])
)
def index(request: Request) -> dict[str, Any]:
    return {"aggregates": []}


@routes.post("/os-aggregates", policy=policy.admin(), mode="read", status=501)
def create(request: Request) -> None:
    raise NotBuilt("Host aggregates are not built yet.")
