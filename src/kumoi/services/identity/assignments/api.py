"""Routes of assignments, the same ones for each kind of actor and each kind of target."""

from collections.abc import Callable
from typing import Any

from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.identity import listing, policy
from kumoi.services.identity.assignments import logic, overview, schemas
from kumoi.services.identity.assignments.logic import Grant
from kumoi.services.identity.assignments.overview import Asked
from kumoi.services.identity.projects import logic as project_logic
from kumoi.services.identity.projects.api import page_of
from kumoi.services.identity.projects.schemas import Project
from kumoi.services.identity.roles.schemas import Role, role

routes = Routes()
Name = Callable[[dict[str, str]], Grant]
"""Converts the ids of a path to a Grant."""


def _namer(actor: str, target: str, inherited: bool) -> Name:
    def name(ids: dict[str, str]) -> Grant:
        target_ids = {} if target == "system" else {"target_id": ids[f"{target}_id"]}
        return Grant(actor, ids[f"{actor}_id"], target, inherited=inherited, **target_ids)

    return name


def _list(name: Name) -> Callable[..., dict[str, Any]]:
    def index(request: Request, **ids: str) -> dict[str, Any]:
        rows = logic.listed(request.tx, request.who, name(ids))
        return {"roles": [role(row, request.link) for row in rows], "links": listing.links(request)}

    return index


def _check(name: Name) -> Callable[..., Reply]:
    def check(request: Request, role_id: str, **ids: str) -> Reply:
        logic.check(request.tx, request.who, name(ids), role_id)
        return Reply()

    return check


def _give(name: Name) -> Callable[..., Reply]:
    def give(request: Request, role_id: str, **ids: str) -> Reply:
        logic.give(request.tx, request.who, name(ids), role_id)
        return Reply()

    return give


def _take_back(name: Name) -> Callable[..., Reply]:
    def take_back(request: Request, role_id: str, **ids: str) -> Reply:
        logic.take_back(request.tx, request.who, name(ids), role_id)
        return Reply()

    return take_back


def _add(prefix: str, actor: str, target: str, inherited: bool) -> None:
    name = _namer(actor, target, inherited)
    read, change = (policy.READERS_OF_ALL, policy.ADMINS) if target == "system" else (policy.READERS, policy.MANAGERS)
    end = "/inherited_to_projects" if inherited else ""
    roles = f"{prefix}/{actor}s/{{{actor}_id}}/roles"
    one = f"{roles}/{{role_id}}{end}"
    if not inherited or target == "domain":
        routes.get(roles + end, policy=read, query=Nothing, reply=under("roles", list[Role], links=listing.Pages))(
            _list(name)
        )
    routes.get(one, policy=read, status=204)(_check(name))
    routes.put(one, policy=change, status=204)(_give(name))
    routes.delete(one, policy=change)(_take_back(name))


for _actor in ("user", "group"):
    _add("/system", _actor, "system", False)
    for _target in ("project", "domain"):
        _add(f"/{_target}s/{{{_target}_id}}", _actor, _target, False)
        _add(f"/OS-INHERIT/{_target}s/{{{_target}_id}}", _actor, _target, True)


@routes.get(
    "/role_assignments",
    policy=policy.READERS,
    query=overview.QUERY,
    reply=under("role_assignments", list[schemas.RoleAssignment], links=listing.Pages),
)
def index(request: Request, query: Asked) -> dict[str, Any]:
    found = overview.listed(request.tx, request.who, query)
    names = overview.names(request.tx, found) if query.names else None
    shown = [schemas.assignment(one, names, request.link) for one in found]
    return {"role_assignments": shown, "links": listing.links(request)}


@routes.get(
    "/users/{user_id}/projects",
    policy=policy.OWN,
    query=project_logic.LIST_QUERY,
    reply=under("projects", list[Project], links=listing.Pages),
)
def projects_of_user(request: Request, user_id: str, query: listing.Params) -> dict[str, Any]:
    return page_of(request, logic.select_projects_of_user(request.tx, request.who, user_id, query))
