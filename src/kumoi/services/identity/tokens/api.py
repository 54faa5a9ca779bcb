"""Routes of tokens and of what a token may be exchanged for."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.identity.catalog import rendering
from kumoi.services.identity.domains.schemas import domain
from kumoi.services.identity.errors import NotAllowed
from kumoi.services.identity.projects import store as project_store
from kumoi.services.identity.projects.schemas import project
from kumoi.services.identity.tokens import live, logic, schemas

routes = Routes()
JSON = "application/json"


@routes.post(
    "/auth/tokens", policy=policy.public(), mode="live", body=schemas.AuthBody, query=schemas.IssueQuery, status=201
)
def issue(request: Request, body: schemas.AuthBody, query: schemas.IssueQuery) -> Reply:
    token, described = live.log_in(request, body.auth, query.nocatalog is None)
    headers = {"X-Subject-Token": token, "Vary": "X-Auth-Token"}
    return Reply(raw=described, content_type=JSON, headers=headers)


@routes.get("/auth/tokens", policy=policy.authenticated(), mode="live", query=schemas.CheckQuery)
def check(request: Request, query: schemas.CheckQuery) -> Reply:
    standing, described = live.described(request, query.nocatalog is None, query.allow_expired is not None)
    logic.check_may_see(request.who, standing)
    headers = {"X-Subject-Token": live.subject(request), "Vary": "X-Auth-Token"}
    return Reply(raw=described, content_type=JSON, headers=headers)


@routes.delete("/auth/tokens", policy=policy.authenticated(), mode="live")
def revoke(request: Request) -> Reply:
    standing = live.standing(request)
    logic.check_may_revoke(request.who, standing)
    request.database.write(lambda tx: logic.revoke(tx, standing))
    return Reply()


@routes.get("/auth/catalog", policy=policy.authenticated())
def catalog(request: Request) -> dict[str, Any]:
    who = request.who
    if who.scope == "none":
        raise NotAllowed("get_auth_catalog")
    found = rendering.catalog(request.tx, request.base_url, who.project_id, who.user_id)
    return {"catalog": found, "links": _links(request, "/auth/catalog")}


def _projects(request: Request) -> dict[str, Any]:
    ids = [row["id"] for row in logic.projects(request.tx, request.who)]
    rows, tags = project_store.by_ids(request.tx, ids), project_store.tags(request.tx, ids)
    found = [project(rows[id], tags.get(id, ()), request.link) for id in ids]
    return {"projects": found, "links": _links(request, "/auth/projects")}


def _domains(request: Request) -> dict[str, Any]:
    ids = [row["id"] for row in logic.domains(request.tx, request.who)]
    rows = project_store.by_ids(request.tx, ids)
    return {"domains": [domain(rows[id], request.link) for id in ids], "links": _links(request, "/auth/domains")}


@routes.get("/auth/projects", policy=policy.authenticated())
def projects(request: Request) -> dict[str, Any]:
    return _projects(request)


@routes.get("/auth/domains", policy=policy.authenticated())
def domains(request: Request) -> dict[str, Any]:
    return _domains(request)


@routes.get("/OS-FEDERATION/projects", policy=policy.authenticated())
def projects_as_federation_says(request: Request) -> dict[str, Any]:
    return _projects(request)


@routes.get("/OS-FEDERATION/domains", policy=policy.authenticated())
def domains_as_federation_says(request: Request) -> dict[str, Any]:
    return _domains(request)


@routes.get("/auth/system", policy=policy.authenticated())
def system(request: Request) -> dict[str, Any]:
    found = [{"all": True}] if logic.has_system(request.tx, request.who) else []
    return {"system": found, "links": _links(request, "/auth/system")}


def _links(request: Request, path: str) -> dict[str, Any]:
    return {"self": request.link(path), "previous": None, "next": None}
