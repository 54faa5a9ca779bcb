"""Routes of limits."""

from kumoi.kernel import policy
from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.compute.limits import schemas
from kumoi.services.compute.quota_sets import logic

routes = Routes()


@routes.get("/limits", policy=policy.reader(), query=schemas.Query, reply=schemas.Body)
def show(request: Request, query: schemas.Query) -> schemas.Body:
    project_id = query.tenant_id or request.who.project_id or ""
    if not request.who.sees(project_id) and project_id != request.who.project_id:
        raise PolicyForbids("os_compute_api:limits:other_project")
    return schemas.body(logic.details(request.tx, project_id))
