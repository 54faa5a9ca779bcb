"""Route of the quotas of all projects."""

from kumoi.kernel import policy, quotas
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.services.cloud.quotas import schemas

routes = Routes()


@routes.get("/quotas", policy=policy.admin(), query=Nothing, reply=schemas.ListBody)
def index(request: Request) -> schemas.ListBody:
    defaults = [
        schemas.Default(
            service=service, resource=resource, limit=limit, counted=quotas.registry[service, resource].is_counted
        )
        for (service, resource), limit in sorted(quotas.defaults(request.tx).items())
    ]
    projects: dict[str, list[schemas.Figure]] = {}
    for (project_id, service, resource), (limit, used) in sorted(quotas.every(request.tx).items()):
        figure = schemas.Figure(service=service, resource=resource, limit=limit, used=used)
        projects.setdefault(project_id, []).append(figure)
    return schemas.ListBody(
        defaults=defaults, projects=[schemas.Project(project_id=id, quotas=own) for id, own in projects.items()]
    )
