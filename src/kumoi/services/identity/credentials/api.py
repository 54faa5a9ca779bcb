"""Routes of credentials, and of EC2 keys as the extension OS-EC2 has them."""

from typing import Any

from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.identity import additional, listing, policy
from kumoi.services.identity.credentials import live, logic, schemas, signing
from kumoi.services.identity.tokens.schemas import Token

routes = Routes()
EC2 = "/users/{user_id}/credentials/OS-EC2"


@routes.get(
    "/credentials",
    policy=policy.OWN,
    mode="live",
    query=logic.LIST_QUERY,
    reply=under("credentials", list[schemas.Credential], links=listing.Pages),
)
def index(request: Request, query: listing.Params) -> dict[str, Any]:
    found, links = live.page(request, query)
    return {"credentials": [schemas.credential(row, blob, request) for row, blob in found], "links": links}


@routes.post(
    "/credentials",
    policy=policy.OWN_BY_PERSON,
    before=live.seal,
    body=schemas.CreateBody,
    errors=(409,),
    reply=under("credential", schemas.Credential),
)
def create(request: Request, body: schemas.CreateBody, prepared: live.Sealed) -> dict[str, Any]:
    extra = additional.sent(request, "credential", schemas.CredentialCreate)
    values = listing.given(body.credential, leave=("blob",))
    row = logic.create(request.tx, request.who, values, prepared.access_digest, prepared.sealed, extra)
    return {"credential": schemas.credential(row, prepared.blob, request)}


@routes.get(
    "/credentials/{credential_id}", policy=policy.OWN, mode="live", reply=under("credential", schemas.Credential)
)
def show(request: Request, credential_id: str) -> dict[str, Any]:
    return {"credential": schemas.credential(*live.show(request, credential_id), request)}


@routes.patch(
    "/credentials/{credential_id}",
    policy=policy.OWN_BY_PERSON,
    mode="live",
    body=schemas.UpdateBody,
    reply=under("credential", schemas.Credential),
)
def update(request: Request, credential_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    extra = additional.sent(request, "credential", schemas.CredentialUpdate)
    row = live.update(request, credential_id, listing.given(body.credential), extra)
    return {"credential": schemas.credential(*live.opened(request, row), request)}


@routes.delete("/credentials/{credential_id}", policy=policy.OWN_BY_PERSON)
def delete(request: Request, credential_id: str) -> Reply:
    logic.delete(request.tx, request.who, credential_id)
    return Reply()


@routes.get(
    EC2,
    policy=policy.OWN_OUTSIDE_DOMAINS,
    mode="live",
    query=listing.PAGES,
    reply=under("credentials", list[schemas.Ec2], links=listing.Pages),
)
def index_ec2(request: Request, user_id: str, query: listing.Params) -> dict[str, Any]:
    found = [schemas.ec2(row, blob, request) for row, blob in live.page_ec2(request, user_id)]
    return {"credentials": found, "links": listing.links(request)}


@routes.post(
    EC2,
    policy=policy.MAKERS_OF_KEYS,
    before=live.new_keys,
    body=schemas.Ec2Create,
    reply=under("credential", schemas.Ec2),
)
def create_ec2(request: Request, user_id: str, body: schemas.Ec2Create, prepared: live.Sealed) -> dict[str, Any]:
    values = {"type": logic.EC2, "user_id": user_id, "project_id": body.tenant_id}
    row = logic.create(request.tx, request.who, values, prepared.access_digest, prepared.sealed, {})
    return {"credential": schemas.ec2(row, prepared.blob, request)}


@routes.get(EC2 + "/{access}", policy=policy.OWN_OUTSIDE_DOMAINS, mode="live", reply=under("credential", schemas.Ec2))
def show_ec2(request: Request, user_id: str, access: str) -> dict[str, Any]:
    return {"credential": schemas.ec2(*live.show_ec2(request, user_id, access), request)}


@routes.delete(EC2 + "/{access}", policy=policy.REMOVERS)
def delete_ec2(request: Request, user_id: str, access: str) -> Reply:
    logic.delete_ec2(request.tx, request.who, user_id, access)
    return Reply()


@routes.post(
    "/ec2tokens",
    policy=policy.SERVICES,
    mode="live",
    body=schemas.Ec2Body,
    status=200,
    reply=under("token", Token),
)
def tokens_ec2(request: Request, body: schemas.Ec2Body) -> Reply:
    given = body.credentials
    token, described = live.token(request, given.access, lambda secret: signing.is_ec2(secret, given))
    return Reply(raw=described, content_type="application/json", headers={"X-Subject-Token": token})


@routes.post(
    "/s3tokens",
    policy=policy.SERVICES,
    mode="live",
    body=schemas.S3Body,
    status=200,
    reply=under("token", Token),
)
def tokens_s3(request: Request, body: schemas.S3Body) -> Reply:
    given = body.credentials
    token, described = live.token(request, given.access, lambda secret: signing.is_s3(secret, given))
    return Reply(raw=described, content_type="application/json", headers={"X-Subject-Token": token})
