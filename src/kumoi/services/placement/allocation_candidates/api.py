"""The route of allocation candidates."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.placement.allocation_candidates import logic, schemas
from kumoi.services.placement.freshness import fresh

routes = Routes()


@routes.get("/allocation_candidates", policy=policy.admin(), versions=since("1.10"), reply=schemas.Body)
def index(request: Request) -> Reply:
    world, question, found = logic.find(request.tx, request.params, request.behaves)
    return fresh(request, schemas.body(world, question, found, request.behaves))
