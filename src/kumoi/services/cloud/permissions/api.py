"""Route of permissions."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.cloud.permissions import logic, schemas

routes = Routes()


@routes.get("/permissions", policy=policy.authenticated(), mode="live", query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    return schemas.ListBody(logic.of(request.who, query.service))
