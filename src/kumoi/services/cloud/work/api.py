"""Routes of operations."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.cloud.work import logic, schemas

routes = Routes()


@routes.get("/operations", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    rows = logic.list_of(request.tx, request.who, query.subject, query.state, query.marker, query.limit)
    return schemas.ListBody([schemas.operation(row) for row in rows])


@routes.get("/operations/{operation_id}", policy=policy.reader(), reply=schemas.ShowBody)
def show(request: Request, operation_id: str) -> schemas.ShowBody:
    return schemas.ShowBody(schemas.operation(logic.show(request.tx, request.who, operation_id)))
