"""Routes of events."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.cloud.events import logic, schemas

routes = Routes()


@routes.get("/events", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    rows = logic.after(request.tx, request.who, query.after, query.subject, query.limit)
    return schemas.ListBody([schemas.event(row) for row in rows])
