"""Routes of roles and implications."""

from typing import Any

from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.identity import additional, listing, policy
from kumoi.services.identity.roles import logic, schemas
from kumoi.services.identity.roles.models import RoleRow

routes = Routes()


@routes.get(
    "/roles",
    policy=policy.READERS_OF_ROLES,
    query=logic.LIST_QUERY,
    reply=under("roles", list[schemas.Role], links=listing.Pages),
)
def index(request: Request, query: listing.Params) -> dict[str, Any]:
    rows, links = listing.page(request, logic.select(request.tx, request.who, query))
    return {"roles": [schemas.role(row, request.link) for row in rows], "links": links}


@routes.post("/roles", policy=policy.ADMINS, body=schemas.CreateBody, errors=(409,), reply=under("role", schemas.Role))
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    extra = additional.sent(request, "role", schemas.RoleCreate)
    row = logic.create(request.tx, request.who, listing.given(body.role), extra)
    return {"role": schemas.role(row, request.link)}


@routes.get("/roles/{role_id}", policy=policy.READERS_OF_ROLES, reply=under("role", schemas.Role))
def show(request: Request, role_id: str) -> dict[str, Any]:
    return {"role": schemas.role(logic.show(request.tx, request.who, role_id), request.link)}


@routes.patch(
    "/roles/{role_id}", policy=policy.ADMINS, body=schemas.UpdateBody, errors=(409,), reply=under("role", schemas.Role)
)
def update(request: Request, role_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    extra = additional.sent(request, "role", schemas.RoleUpdate)
    row = logic.update(request.tx, request.who, role_id, listing.given(body.role), extra)
    return {"role": schemas.role(row, request.link)}


@routes.delete("/roles/{role_id}", policy=policy.ADMINS)
def delete(request: Request, role_id: str) -> Reply:
    logic.delete(request.tx, request.who, role_id)
    return Reply()


def _inference(request: Request, pair: tuple[RoleRow, RoleRow]) -> dict[str, Any]:
    prior, implied = pair
    said = {"prior_role": schemas.brief(prior, request.link), "implies": schemas.brief(implied, request.link)}
    path = f"/roles/{prior['id']}/implies/{implied['id']}"
    return {"role_inference": said, "links": {"self": request.link(path)}}


@routes.get(
    "/roles/{role_id}/implies",
    policy=policy.READERS_OF_ALL,
    query=Nothing,
    reply=under("role_inference", schemas.Inferences, links=listing.Pages),
)
def implied_by(request: Request, role_id: str) -> dict[str, Any]:
    prior, implied = logic.implied_by(request.tx, request.who, role_id)
    shown = [schemas.brief(row, request.link) for row in implied]
    return {
        "role_inference": {"prior_role": schemas.brief(prior, request.link), "implies": shown},
        "links": listing.links(request),
    }


@routes.get(
    "/roles/{role_id}/implies/{implied_role_id}",
    policy=policy.READERS_OF_ALL,
    reply=under("role_inference", schemas.Inference, links=listing.Itself),
)
def implication(request: Request, role_id: str, implied_role_id: str) -> dict[str, Any]:
    return _inference(request, logic.implication(request.tx, request.who, role_id, implied_role_id))


@routes.head("/roles/{role_id}/implies/{implied_role_id}", policy=policy.READERS_OF_ALL, status=204)
def check_implication(request: Request, role_id: str, implied_role_id: str) -> Reply:
    logic.implication(request.tx, request.who, role_id, implied_role_id)
    return Reply()


@routes.put(
    "/roles/{role_id}/implies/{implied_role_id}",
    policy=policy.ADMINS,
    status=201,
    reply=under("role_inference", schemas.Inference, links=listing.Itself),
)
def imply(request: Request, role_id: str, implied_role_id: str) -> dict[str, Any]:
    return _inference(request, logic.imply(request.tx, request.who, role_id, implied_role_id))


@routes.delete("/roles/{role_id}/implies/{implied_role_id}", policy=policy.ADMINS)
def imply_no_more(request: Request, role_id: str, implied_role_id: str) -> Reply:
    logic.imply_no_more(request.tx, request.who, role_id, implied_role_id)
    return Reply()


@routes.get(
    "/role_inferences",
    policy=policy.READERS_OF_ALL,
    query=Nothing,
    reply=under("role_inferences", list[schemas.Inferences], links=listing.Pages),
)
def inferences(request: Request) -> dict[str, Any]:
    found = [
        {
            "prior_role": schemas.brief(prior, request.link),
            "implies": [schemas.brief(row, request.link) for row in implied],
        }
        for prior, implied in logic.inferences(request.tx, request.who)
    ]
    return {"role_inferences": found, "links": listing.links(request)}
