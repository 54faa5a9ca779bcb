"""Routes of groups."""

from typing import Any

from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.identity import additional, listing, policy
from kumoi.services.identity.groups import logic, schemas
from kumoi.services.identity.groups.models import GroupRow
from kumoi.services.identity.users import logic as user_logic
from kumoi.services.identity.users.schemas import User, user

routes = Routes()


def _page(request: Request, selection: listing.Selection[GroupRow]) -> dict[str, Any]:
    rows, links = listing.page(request, selection)
    return {"groups": [schemas.group(row, request.link) for row in rows], "links": links}


@routes.get(
    "/groups",
    policy=policy.READERS,
    query=logic.LIST_QUERY,
    reply=under("groups", list[schemas.Group], links=listing.Pages),
)
def index(request: Request, query: listing.Params) -> dict[str, Any]:
    return _page(request, logic.select(request.tx, request.who, query))


@routes.post(
    "/groups", policy=policy.MANAGERS, body=schemas.CreateBody, errors=(409,), reply=under("group", schemas.Group)
)
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    extra = additional.sent(request, "group", schemas.GroupCreate)
    row = logic.create(request.tx, request.who, listing.given(body.group), extra)
    return {"group": schemas.group(row, request.link)}


@routes.get("/groups/{group_id}", policy=policy.READERS, reply=under("group", schemas.Group))
def show(request: Request, group_id: str) -> dict[str, Any]:
    return {"group": schemas.group(logic.show(request.tx, request.who, group_id), request.link)}


@routes.patch(
    "/groups/{group_id}",
    policy=policy.MANAGERS,
    body=schemas.UpdateBody,
    errors=(409,),
    reply=under("group", schemas.Group),
)
def update(request: Request, group_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    extra = additional.sent(request, "group", schemas.GroupUpdate)
    row = logic.update(request.tx, request.who, group_id, listing.given(body.group), extra)
    return {"group": schemas.group(row, request.link)}


@routes.delete("/groups/{group_id}", policy=policy.MANAGERS)
def delete(request: Request, group_id: str) -> Reply:
    logic.delete(request.tx, request.who, group_id)
    return Reply()


@routes.get("/groups/{group_id}/users/{user_id}", policy=policy.OWN, status=204)
def check_member(request: Request, group_id: str, user_id: str) -> Reply:
    logic.check_member(request.tx, request.who, group_id, user_id)
    return Reply()


@routes.put("/groups/{group_id}/users/{user_id}", policy=policy.MANAGERS, status=204)
def join(request: Request, group_id: str, user_id: str) -> Reply:
    logic.join(request.tx, request.who, group_id, user_id)
    return Reply()


@routes.delete("/groups/{group_id}/users/{user_id}", policy=policy.MANAGERS)
def leave(request: Request, group_id: str, user_id: str) -> Reply:
    logic.leave(request.tx, request.who, group_id, user_id)
    return Reply()


@routes.get(
    "/users/{user_id}/groups",
    policy=policy.OWN,
    query=logic.LIST_QUERY,
    reply=under("groups", list[schemas.Group], links=listing.Pages),
)
def of_user(request: Request, user_id: str, query: listing.Params) -> dict[str, Any]:
    return _page(request, logic.select_of_user(request.tx, request.who, user_id, query))


@routes.get(
    "/groups/{group_id}/users",
    policy=policy.READERS,
    query=user_logic.LIST_QUERY,
    reply=under("users", list[User], links=listing.Pages),
)
def users(request: Request, group_id: str, query: listing.Params) -> dict[str, Any]:
    rows, links = listing.page(request, logic.select_users(request.tx, request.who, group_id, query))
    return {"users": [user(row, request.link) for row in rows], "links": links}
