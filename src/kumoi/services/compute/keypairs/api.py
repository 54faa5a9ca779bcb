"""Routes of keypairs."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since, until
from kumoi.services.compute.keypairs import live, logic, schemas

routes = Routes()


@routes.get("/os-keypairs", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    user_id = logic.owner(request.who, query.user_id)
    rows, more = logic.list_of_user(request.tx, user_id, query)
    body = schemas.ListBody(keypairs=[schemas.ListItem(schemas.keypair(row)) for row in rows])
    if more:
        body.keypairs_links = [schemas.Link("next", request.link_after(rows[-1]["name"]))]
    return body


def _create(request: Request, body: schemas.CreateBody, private: logic.PrivateKey | None) -> schemas.CreatedBody:
    asked = body.keypair
    user_id = logic.owner(request.who, asked.user_id)
    made = logic.create(request.tx, request.who, user_id, asked.name, asked.type, asked.public_key, private)
    return schemas.created(*made)


@routes.post(
    "/os-keypairs", policy=policy.member(), before=live.new_key, body=schemas.CreateBody, reply=schemas.CreatedBody,
    status=200, versions=until("2.1"), quota=("key_pairs",), errors=(409,),
)  # fmt: skip
def create_until_2_1(
    request: Request, body: schemas.CreateBody, prepared: logic.PrivateKey | None
) -> schemas.CreatedBody:
    return _create(request, body, prepared)


@routes.post(
    "/os-keypairs", policy=policy.member(), before=live.new_key, body=schemas.CreateBody, reply=schemas.CreatedBody,
    status=201, versions=since("2.2"), quota=("key_pairs",), errors=(409,),
)  # fmt: skip
def create(request: Request, body: schemas.CreateBody, prepared: logic.PrivateKey | None) -> schemas.CreatedBody:
    return _create(request, body, prepared)


@routes.get("/os-keypairs/{name}", policy=policy.reader(), query=schemas.ShowQuery, reply=schemas.ShowBody)
def show(request: Request, name: str, query: schemas.ShowQuery) -> schemas.ShowBody:
    return schemas.detail(logic.show(request.tx, logic.owner(request.who, query.user_id), name))


@routes.delete(
    "/os-keypairs/{name}", policy=policy.member(), query=schemas.ShowQuery, status=202, versions=until("2.1")
)
def delete_until_2_1(request: Request, name: str, query: schemas.ShowQuery) -> Reply:
    logic.delete(request.tx, logic.owner(request.who, query.user_id), name)
    return Reply()


@routes.delete("/os-keypairs/{name}", policy=policy.member(), query=schemas.ShowQuery, versions=since("2.2"))
def delete(request: Request, name: str, query: schemas.ShowQuery) -> Reply:
    logic.delete(request.tx, logic.owner(request.who, query.user_id), name)
    return Reply()
