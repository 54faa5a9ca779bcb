"""Route of dependents."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.cloud.dependents import live, schemas

routes = Routes()


@routes.get("/dependents", policy=policy.authenticated(), mode="live", query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    """Deletes nothing. What the deletion of a server does later, in its operation, is not listed."""
    return live.of(request, query)
