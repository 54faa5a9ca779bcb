"""Routes of application credentials."""

from typing import Any

from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.identity import listing, policy
from kumoi.services.identity.application_credentials import live, logic, schemas
from kumoi.services.identity.application_credentials.models import ApplicationCredentialRow

routes = Routes()
MANY = "/users/{user_id}/application_credentials"
ONE = MANY + "/{application_credential_id}"


def _shown(request: Request, rows: list[ApplicationCredentialRow]) -> list[dict[str, Any]]:
    roles = logic.roles(request.tx, [row["id"] for row in rows])
    return [schemas.application_credential(row, roles.get(row["id"], ()), request.link) for row in rows]


@routes.get(
    MANY,
    policy=policy.OWN_OUTSIDE_DOMAINS,
    query=logic.LIST_QUERY,
    reply=under("application_credentials", list[schemas.ApplicationCredential], links=listing.Pages),
)
def index(request: Request, user_id: str, query: listing.Params) -> dict[str, Any]:
    rows, links = listing.page(request, logic.select(request.tx, request.who, user_id, query))
    return {"application_credentials": _shown(request, rows), "links": links}


@routes.post(
    MANY,
    policy=policy.MAKERS_OF_CREDENTIALS,
    before=live.new_secret,
    body=schemas.CreateBody,
    errors=(409, 501),
    reply=under("application_credential", schemas.ApplicationCredential),
)
def create(request: Request, user_id: str, body: schemas.CreateBody, prepared: live.Secret) -> dict[str, Any]:
    row = logic.create(request.tx, request.who, user_id, body.application_credential, prepared.hash)
    roles = logic.roles(request.tx, [row["id"]])[row["id"]]
    return {"application_credential": schemas.application_credential(row, roles, request.link, prepared.text)}


@routes.get(
    ONE, policy=policy.OWN_OUTSIDE_DOMAINS, reply=under("application_credential", schemas.ApplicationCredential)
)
def show(request: Request, user_id: str, application_credential_id: str) -> dict[str, Any]:
    row = logic.show(request.tx, request.who, user_id, application_credential_id)
    return {"application_credential": _shown(request, [row])[0]}


@routes.delete(ONE, policy=policy.REMOVERS)
def delete(request: Request, user_id: str, application_credential_id: str) -> Reply:
    logic.delete(request.tx, request.who, user_id, application_credential_id)
    return Reply()
