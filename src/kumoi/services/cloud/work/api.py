"""Routes of operations."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.cloud.work import logic, schemas

routes = Routes()


@routes.get("/operations", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    rows = logic.list_of(request.tx, request.who, query.subject, query.state, query.marker, query.limit)
    subjects = logic.subjects_of(request.tx, rows)
    return schemas.ListBody([schemas.operation(row, subjects[row["id"]]) for row in rows])


@routes.get("/operations/{operation_id}", policy=policy.reader(), reply=schemas.ShowBody)
def show(request: Request, operation_id: str) -> schemas.ShowBody:
    row = logic.show(request.tx, request.who, operation_id)
    return schemas.ShowBody(schemas.operation(row, logic.subjects_of(request.tx, [row])[row["id"]]))
