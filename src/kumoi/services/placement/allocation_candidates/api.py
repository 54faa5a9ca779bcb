"""The route of allocation candidates."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Params
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import during, since
from kumoi.services.placement.allocation_candidates import logic, schemas
from kumoi.services.placement.allocation_candidates.queries import QUERY
from kumoi.services.placement.freshness import fresh

routes = Routes()


@routes.get(
    "/allocation_candidates",
    policy=policy.admin(),
    query=QUERY,
    versions=during("1.10", "1.11"),
    reply=schemas.BodyOfLists,
)
def index_until_1_11(request: Request, query: Params) -> Reply:
    world, question, found = logic.find(request.tx, query, request.behaves)
    summaries = schemas.summaries(world, question, found, request.behaves)
    return fresh(request, schemas.BodyOfLists(schemas.requests_until_1_11(found), summaries))


@routes.get("/allocation_candidates", policy=policy.admin(), query=QUERY, versions=since("1.12"), reply=schemas.Body)
def index(request: Request, query: Params) -> Reply:
    world, question, found = logic.find(request.tx, query, request.behaves)
    summaries = schemas.summaries(world, question, found, request.behaves)
    return fresh(request, schemas.Body(schemas.requests(found), summaries))
