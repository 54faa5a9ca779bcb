"""Routes of resource providers."""

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since, until
from kumoi.services.placement import queries
from kumoi.services.placement.freshness import fresh
from kumoi.services.placement.resource_providers import logic, schemas

routes = Routes()


def wish(request: Request, query: schemas.ListQuery) -> queries.Wish:
    choices = request.behaves("choices of traits")
    required, forbidden = queries.traits(
        query.required, forbidding=request.behaves("forbidden traits"), choices=choices
    )
    member_of, not_member_of = queries.aggregates(
        query.member_of, repeating=request.behaves("member_of may be repeated"),
        forbidding=request.behaves("forbidden aggregates"),
    )  # fmt: skip
    return queries.Wish(
        resources=queries.resources(query.resources) if query.resources is not None else {},
        required=required, forbidden=forbidden, member_of=member_of, not_member_of=not_member_of,
        in_tree=queries.uuid("in_tree", query.in_tree) if query.in_tree is not None else None,
    )  # fmt: skip


@routes.get("/resource_providers", policy=policy.admin(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> Reply:
    rows = logic.listing(request.tx, query.name, query.uuid, wish(request, query))
    return fresh(request, schemas.ListBody([schemas.provider(request, row) for row in rows]))


@routes.post("/resource_providers", policy=policy.admin(), body=schemas.Create, versions=until("1.19"), errors=(409,))
def create_until_1_19(request: Request, body: schemas.Create) -> Reply:
    row = logic.create(request.tx, body.name, body.uuid, body.parent_provider_uuid)
    return Reply(headers={"Location": request.link(f"/resource_providers/{row['id']}")})


@routes.post(
    "/resource_providers", policy=policy.admin(), body=schemas.Create, reply=schemas.Provider, status=200,
    versions=since("1.20"), errors=(409,),
)  # fmt: skip
def create(request: Request, body: schemas.Create) -> Reply:
    row = logic.create(request.tx, body.name, body.uuid, body.parent_provider_uuid)
    reply = fresh(request, schemas.provider(request, row))
    location = {"Location": request.link(f"/resource_providers/{row['id']}")}
    return Reply(reply.body, headers={**reply.headers, **location})


@routes.get("/resource_providers/{provider_id}", policy=policy.admin(), reply=schemas.Provider)
def show(request: Request, provider_id: str) -> Reply:
    row = logic.existing(request.tx, provider_id)
    return fresh(request, schemas.provider(request, row), row["updated_at"])


@routes.put(
    "/resource_providers/{provider_id}", policy=policy.admin(), body=schemas.Update, reply=schemas.Provider,
    errors=(409,),
)  # fmt: skip
def update(request: Request, provider_id: str, body: schemas.Update) -> Reply:
    parent = None if isinstance(body.parent_provider_uuid, msgspec.UnsetType) else (body.parent_provider_uuid,)
    moving = request.behaves("providers may move")
    row = logic.update(request.tx, provider_id, body.name, parent, moving=moving)
    return fresh(request, schemas.provider(request, row))


@routes.delete("/resource_providers/{provider_id}", policy=policy.admin(), errors=(409,))
def delete(request: Request, provider_id: str) -> Reply:
    logic.delete(request.tx, provider_id)
    return Reply()
