"""Routes of domains."""

from typing import Any

from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.identity import additional, listing, policy
from kumoi.services.identity.domains import logic, schemas

routes = Routes()


@routes.get(
    "/domains",
    policy=policy.READERS,
    query=logic.LIST_QUERY,
    reply=under("domains", list[schemas.Domain], links=listing.Pages),
)
def index(request: Request, query: listing.Params) -> dict[str, Any]:
    rows, links = listing.page(request, logic.select(request.tx, request.who, query))
    return {"domains": [schemas.domain(row, request.link) for row in rows], "links": links}


@routes.post(
    "/domains", policy=policy.ADMINS, body=schemas.CreateBody, errors=(409,), reply=under("domain", schemas.Domain)
)
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    values = {**listing.given(body.domain), "id": body.domain.explicit_domain_id}
    extra = additional.sent(request, "domain", schemas.DomainCreate)
    return {"domain": schemas.domain(logic.create(request.tx, request.who, values, extra), request.link)}


@routes.get("/domains/{domain_id}", policy=policy.READERS_OR_OF_DOMAIN, reply=under("domain", schemas.Domain))
def show(request: Request, domain_id: str) -> dict[str, Any]:
    return {"domain": schemas.domain(logic.show(request.tx, request.who, domain_id), request.link)}


@routes.patch(
    "/domains/{domain_id}",
    policy=policy.ADMINS,
    body=schemas.UpdateBody,
    errors=(409,),
    reply=under("domain", schemas.Domain),
)
def update(request: Request, domain_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    extra = additional.sent(request, "domain", schemas.DomainUpdate)
    changes = listing.given(body.domain, leave=("tags",))
    row = logic.update(request.tx, request.who, domain_id, changes, extra)
    return {"domain": schemas.domain(row, request.link)}


@routes.delete("/domains/{domain_id}", policy=policy.ADMINS)
def delete(request: Request, domain_id: str) -> Reply:
    logic.delete(request.tx, request.who, domain_id)
    return Reply()
