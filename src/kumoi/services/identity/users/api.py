"""Routes of users."""

from typing import Any

from kumoi.kernel import policy as policies
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.identity import additional, listing, policy
from kumoi.services.identity.users import live, logic, schemas
from kumoi.services.identity.users.models import UserRow

routes = Routes()


def _page(request: Request, selection: listing.Selection[UserRow]) -> dict[str, Any]:
    rows, links = listing.page(request, selection)
    return {"users": [schemas.user(row, request.link) for row in rows], "links": links}


@routes.get(
    "/users",
    policy=policy.READERS,
    query=logic.LIST_QUERY,
    reply=under("users", list[schemas.User], links=listing.Pages),
)
def index(request: Request, query: listing.Params) -> dict[str, Any]:
    return _page(request, logic.select(request.tx, request.who, query))


@routes.post(
    "/users",
    policy=policy.MANAGERS,
    before=live.hash_new,
    body=schemas.CreateBody,
    errors=(409,),
    reply=under("user", schemas.User),
)
def create(request: Request, body: schemas.CreateBody, prepared: str | None) -> dict[str, Any]:
    extra = additional.sent(request, "user", schemas.UserCreate)
    values = listing.given(body.user, leave=("password",))
    return {"user": schemas.user(logic.create(request.tx, request.who, values, prepared, extra), request.link)}


@routes.get("/users/{user_id}", policy=policy.OWN, reply=under("user", schemas.User))
def show(request: Request, user_id: str) -> dict[str, Any]:
    return {"user": schemas.user(logic.show(request.tx, request.who, user_id), request.link)}


@routes.patch(
    "/users/{user_id}",
    policy=policy.MANAGERS,
    mode="live",
    body=schemas.UpdateBody,
    errors=(409,),
    reply=under("user", schemas.User),
)
def update(request: Request, user_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    extra = additional.sent(request, "user", schemas.UserUpdate)
    row = live.update(request, user_id, listing.given(body.user), extra)
    return {"user": schemas.user(row, request.link)}


@routes.delete("/users/{user_id}", policy=policy.MANAGERS)
def delete(request: Request, user_id: str) -> Reply:
    logic.delete(request.tx, request.who, user_id)
    return Reply()


@routes.post(
    "/users/{user_id}/password",
    policy=policies.public(),
    mode="live",
    body=schemas.PasswordBody,
    status=204,
    errors=(401, 429),
)
def change_password(request: Request, user_id: str, body: schemas.PasswordBody) -> Reply:
    """The old password is proof enough; no token is needed."""
    live.change_password(request, user_id, body.user.original_password, body.user.password)
    return Reply()
