"""Routes of quota sets and of the defaults, which the API calls a quota class."""

from kumoi.kernel import policy, quotas
from kumoi.kernel.errors import NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.compute.quota_sets import logic, schemas

routes = Routes()


@routes.get("/os-quota-sets/{project_id}", policy=policy.reader(), query=schemas.Query, reply=schemas.Body)
def show(request: Request, project_id: str, query: schemas.Query) -> schemas.Body:
    logic.may_see(request.who, project_id)
    return schemas.Body(schemas.limits(project_id, logic.limits(request.tx, project_id)))


@routes.get("/os-quota-sets/{project_id}/detail", policy=policy.reader(), query=schemas.Query, reply=schemas.Body)
def detail(request: Request, project_id: str, query: schemas.Query) -> schemas.Body:
    logic.may_see(request.who, project_id)
    return schemas.Body(schemas.details(project_id, logic.details(request.tx, project_id)))


@routes.get("/os-quota-sets/{project_id}/defaults", policy=policy.authenticated(), reply=schemas.Body)
def defaults(request: Request, project_id: str) -> schemas.Body:
    return schemas.Body(schemas.limits(project_id, logic.defaults(request.tx)))


@routes.put(
    "/os-quota-sets/{project_id}",
    policy=policy.admin(),
    query=schemas.Query,
    body=schemas.UpdateBody,
    reply=schemas.Body,
)
def update(request: Request, project_id: str, query: schemas.Query, body: schemas.UpdateBody) -> schemas.Body:
    logic.change(request.tx, project_id, body.quota_set.given(), force=body.quota_set.force)
    return schemas.Body(schemas.limits(None, logic.limits(request.tx, project_id)))


@routes.delete("/os-quota-sets/{project_id}", policy=policy.admin(), query=schemas.Query, status=202)
def delete(request: Request, project_id: str, query: schemas.Query) -> Reply:
    logic.reset(request.tx, project_id)
    return Reply()


@routes.get("/os-quota-class-sets/{name}", policy=policy.admin(), reply=schemas.ClassReply)
def show_class(request: Request, name: str) -> schemas.ClassReply:
    return schemas.ClassReply(schemas.limits(name, logic.defaults(request.tx)))


@routes.put("/os-quota-class-sets/{name}", policy=policy.admin(), body=schemas.ClassBody, reply=schemas.ClassReply)
def update_class(request: Request, name: str, body: schemas.ClassBody) -> schemas.ClassReply:
    if name != "default":
        raise NotFound(f"There is no quota class {name[:255]}; the only one is `default`.")
    logic.change(request.tx, quotas.EVERYBODY, body.quota_class_set.given(), force=True)
    return schemas.ClassReply(schemas.limits(None, logic.defaults(request.tx)))
