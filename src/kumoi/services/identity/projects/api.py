"""Routes of projects."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing, optional, texts
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.identity import additional, listing, policy
from kumoi.services.identity.errors import Absent, Invalid
from kumoi.services.identity.project_rows.models import ProjectRow
from kumoi.services.identity.projects import logic, schemas

routes = Routes()
_ASKED = Annotated[str, msgspec.Meta(description="Asked for by its name; the value is ignored.")]
RELATIVES = texts(optional("Relatives", dict.fromkeys(schemas.RELATIVES, _ASKED)))


def _shown(request: Request, rows: Sequence[ProjectRow]) -> list[dict[str, Any]]:
    tags = logic.tags(request.tx, [row["id"] for row in rows])
    return [schemas.project(row, tags.get(row["id"], ()), request.link) for row in rows]


def page_of(request: Request, selection: listing.Selection[ProjectRow]) -> dict[str, Any]:
    rows, links = listing.page(request, selection)
    return {"projects": _shown(request, rows), "links": links}


@routes.get(
    "/projects",
    policy=policy.READERS,
    query=logic.LIST_QUERY,
    reply=under("projects", list[schemas.Project], links=listing.Pages),
)
def index(request: Request, query: listing.Params) -> dict[str, Any]:
    return page_of(request, logic.select(request.tx, request.who, query))


@routes.post(
    "/projects", policy=policy.MANAGERS, body=schemas.CreateBody, errors=(409,), reply=under("project", schemas.Project)
)
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    extra = additional.sent(request, "project", schemas.ProjectCreate)
    row = logic.create(request.tx, request.who, listing.given(body.project), extra)
    return {"project": _shown(request, [row])[0]}


@routes.get(
    "/projects/{project_id}",
    policy=policy.READERS_OR_OF_PROJECT,
    query=RELATIVES,
    reply=under("project", schemas.Project),
)
def show(request: Request, project_id: str, query: listing.Params) -> dict[str, Any]:
    row = logic.show(request.tx, request.who, project_id)
    shown = _shown(request, [row])[0]
    for name in ("parents", "subtree"):
        if f"{name}_as_list" in query and f"{name}_as_ids" in query:
            raise Invalid(name, f"{name}_as_list and {name}_as_ids exclude each other")
    if "parents_as_ids" in query:
        shown["parents"] = logic.parents_as_ids(request.tx, row)
    elif "parents_as_list" in query:
        shown["parents"] = [{"project": each} for each in _shown(request, logic.parents(request.tx, row))]
    if "subtree_as_ids" in query:
        shown["subtree"] = logic.subtree_as_ids(logic.subtree(request.tx, project_id), project_id)
    elif "subtree_as_list" in query:
        shown["subtree"] = [{"project": each} for each in _shown(request, logic.subtree(request.tx, project_id))]
    return {"project": shown}


@routes.patch(
    "/projects/{project_id}",
    policy=policy.MANAGERS,
    body=schemas.UpdateBody,
    errors=(409,),
    reply=under("project", schemas.Project),
)
def update(request: Request, project_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    extra = additional.sent(request, "project", schemas.ProjectUpdate)
    row = logic.update(request.tx, request.who, project_id, listing.given(body.project), extra)
    return {"project": _shown(request, [row])[0]}


@routes.delete("/projects/{project_id}", policy=policy.MANAGERS)
def delete(request: Request, project_id: str) -> Reply:
    logic.delete(request.tx, request.who, project_id)
    return Reply()


@routes.get(
    "/projects/{project_id}/tags",
    policy=policy.READERS_OR_OF_PROJECT,
    query=Nothing,
    reply=under("tags", list[str], links=listing.Pages),
)
def tags(request: Request, project_id: str) -> dict[str, Any]:
    logic.show(request.tx, request.who, project_id)
    return {"tags": logic.tags(request.tx, [project_id]).get(project_id, []), "links": listing.links(request)}


@routes.put(
    "/projects/{project_id}/tags",
    policy=policy.MANAGERS,
    body=schemas.TagsBody,
    reply=under("tags", list[str], links=listing.Pages),
)
def set_tags(request: Request, project_id: str, body: schemas.TagsBody) -> dict[str, Any]:
    found = logic.change_tags(request.tx, request.who, project_id, body.tags, replace=True)
    return {"tags": found, "links": listing.links(request)}


@routes.delete("/projects/{project_id}/tags", policy=policy.MANAGERS)
def delete_tags(request: Request, project_id: str) -> Reply:
    logic.change_tags(request.tx, request.who, project_id, [], replace=True)
    return Reply()


@routes.get("/projects/{project_id}/tags/{tag}", policy=policy.READERS_OR_OF_PROJECT, status=204)
def check_tag(request: Request, project_id: str, tag: str) -> Reply:
    logic.show(request.tx, request.who, project_id)
    if tag not in logic.tags(request.tx, [project_id]).get(project_id, []):
        raise Absent("project tag", tag)
    return Reply()


@routes.put("/projects/{project_id}/tags/{tag}", policy=policy.MANAGERS, status=201)
def add_tag(request: Request, project_id: str, tag: str) -> Reply:
    if not 0 < len(tag) <= 255 or "," in tag:
        raise Invalid("tag", "it has 1 to 255 characters, no comma and no slash")
    logic.change_tags(request.tx, request.who, project_id, [tag])
    return Reply(headers={"Location": request.link(f"/projects/{project_id}/tags/{tag}")})


@routes.delete("/projects/{project_id}/tags/{tag}", policy=policy.MANAGERS)
def delete_tag(request: Request, project_id: str, tag: str) -> Reply:
    logic.remove_tag(request.tx, request.who, project_id, tag)
    return Reply()
