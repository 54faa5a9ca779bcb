"""Routes of audits."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.services.cloud.audits import logic, schemas

routes = Routes()


@routes.get("/audit", policy=policy.admin(), query=Nothing, reply=schemas.ShowBody)
def show(request: Request) -> schemas.ShowBody:
    row = logic.last(request.tx)
    return schemas.ShowBody(None if row is None else schemas.audit(row))


@routes.post("/audit", policy=policy.admin(), reply=schemas.ShowBody, status=202)
def begin(request: Request) -> schemas.ShowBody:
    """Starts an audit, unless one is in progress, and answers with it."""
    return schemas.ShowBody(schemas.audit(logic.begin(request.tx, request.who, request.id)))
