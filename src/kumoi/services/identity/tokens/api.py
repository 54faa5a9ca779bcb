"""Routes of tokens, and of the projects and domains that a token can be scoped to."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.identity import listing
from kumoi.services.identity.catalog import rendering
from kumoi.services.identity.domains.schemas import Domain, domain
from kumoi.services.identity.errors import NotAllowed
from kumoi.services.identity.policy import SCOPED
from kumoi.services.identity.projects import logic as project_logic
from kumoi.services.identity.projects.schemas import Project, project
from kumoi.services.identity.tokens import live, logic, schemas

routes = Routes()
JSON = "application/json"


@routes.post(
    "/auth/tokens",
    policy=policy.public(),
    mode="live",
    body=schemas.AuthBody,
    query=schemas.IssueQuery,
    status=201,
    reply=under("token", schemas.Token),
    errors=(401, 403, 429),
)
def issue(request: Request, body: schemas.AuthBody, query: schemas.IssueQuery) -> Reply:
    token, described = live.log_in(request, body.auth, query.nocatalog is None)
    headers = {"X-Subject-Token": token, "Vary": "X-Auth-Token"}
    return Reply(raw=described, content_type=JSON, headers=headers)


@routes.get(
    "/auth/tokens",
    policy=policy.authenticated(),
    mode="live",
    query=schemas.CheckQuery,
    reply=under("token", schemas.Token),
)
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


@routes.get(
    "/auth/catalog",
    policy=SCOPED,
    query=Nothing,
    reply=under("catalog", list[schemas.CatalogEntry], links=listing.Pages),
)
def catalog(request: Request) -> dict[str, Any]:
    who = request.who
    if who.scope == "none":
        raise NotAllowed("get_auth_catalog")
    found = rendering.catalog(request.tx, request.base_url, who.project_id, who.user_id)
    return {"catalog": found, "links": listing.links(request)}


def _projects(request: Request) -> dict[str, Any]:
    rows = logic.projects(request.tx, request.who)
    tags = project_logic.tags(request.tx, [row["id"] for row in rows])
    found = [project(row, tags.get(row["id"], ()), request.link) for row in rows]
    return {"projects": found, "links": listing.links(request)}


def _domains(request: Request) -> dict[str, Any]:
    rows = logic.domains(request.tx, request.who)
    return {"domains": [domain(row, request.link) for row in rows], "links": listing.links(request)}


@routes.get(
    "/auth/projects",
    policy=policy.authenticated(),
    query=Nothing,
    reply=under("projects", list[Project], links=listing.Pages),
)
def projects(request: Request) -> dict[str, Any]:
    return _projects(request)


@routes.get(
    "/auth/domains",
    policy=policy.authenticated(),
    query=Nothing,
    reply=under("domains", list[Domain], links=listing.Pages),
)
def domains(request: Request) -> dict[str, Any]:
    return _domains(request)


@routes.get(
    "/OS-FEDERATION/projects",
    policy=policy.authenticated(),
    query=Nothing,
    reply=under("projects", list[Project], links=listing.Pages),
)
def projects_as_federation_says(request: Request) -> dict[str, Any]:
    return _projects(request)


@routes.get(
    "/OS-FEDERATION/domains",
    policy=policy.authenticated(),
    query=Nothing,
    reply=under("domains", list[Domain], links=listing.Pages),
)
def domains_as_federation_says(request: Request) -> dict[str, Any]:
    return _domains(request)


@routes.get(
    "/auth/system",
    policy=policy.authenticated(),
    query=Nothing,
    reply=under("system", list[schemas.WholeSystem], links=listing.Pages),
)
def system(request: Request) -> dict[str, Any]:
    found = [{"all": True}] if logic.has_system(request.tx, request.who) else []
    return {"system": found, "links": listing.links(request)}
