"""Route of the overview."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.services.cloud.events.schemas import event
from kumoi.services.cloud.overview import logic, schemas

routes = Routes()


@routes.get("/overview", policy=policy.reader(), query=Nothing, reply=schemas.ShowBody)
def show(request: Request) -> schemas.ShowBody:
    tx, who = request.tx, request.who
    counted = [
        schemas.Quota(service=service, resource=resource, limit=limit, used=used)
        for service, resource, limit, used in logic.limits(tx, who)
    ]
    failures = [schemas.failure(row, subjects) for row, subjects in logic.failures(tx, who)]
    events = [event(row) for row in logic.latest(tx, who)]
    return schemas.ShowBody(schemas.Overview(quotas=counted, failures=failures, events=events))
