"""Routes of services, endpoints and regions: the same five for each."""

from collections.abc import Callable
from typing import Any

import msgspec

from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.identity import additional, listing, policy
from kumoi.services.identity.catalog import logic, schemas

routes = Routes()
Shape = Callable[[dict[str, Any], Request], dict[str, Any]]


def _add(
    kind: str,
    shape: Shape,
    shown: type[msgspec.Struct],
    create_body: type[msgspec.Struct],
    update_body: type[msgspec.Struct],
) -> None:
    id_name = f"{kind}_id"

    def index(request: Request, query: listing.Params) -> dict[str, Any]:
        rows, links = listing.page(request, logic.select(request.tx, request.who, kind, query))
        return {f"{kind}s": [shape(row, request) for row in rows], "links": links}

    def create(request: Request, body: msgspec.Struct) -> dict[str, Any]:
        sent = getattr(body, kind)
        extra = additional.sent(request, kind, type(sent))
        row = logic.create(request.tx, request.who, kind, listing.given(sent), extra)
        return {kind: shape(row, request)}

    def show(request: Request, **ids: str) -> dict[str, Any]:
        return {kind: shape(logic.show(request.tx, request.who, kind, ids[id_name]), request)}

    def update(request: Request, body: msgspec.Struct, **ids: str) -> dict[str, Any]:
        sent = getattr(body, kind)
        extra = additional.sent(request, kind, type(sent))
        row = logic.update(request.tx, request.who, kind, ids[id_name], listing.given(sent), extra)
        return {kind: shape(row, request)}

    def delete(request: Request, **ids: str) -> Reply:
        logic.delete(request.tx, request.who, kind, ids[id_name])
        return Reply()

    read = policy.OWN if kind == "region" else policy.READERS_OF_ALL
    reply = under(kind, shown)
    one = f"/{kind}s/{{{id_name}}}"
    many = under(f"{kind}s", list[shown], links=listing.Pages)  # type: ignore[valid-type]
    routes.get(f"/{kind}s", policy=read, query=logic.QUERIES[kind], reply=many)(index)
    routes.post(f"/{kind}s", policy=policy.ADMINS, body=create_body, reply=reply, errors=(409,))(create)
    routes.get(one, policy=read, reply=reply)(show)
    routes.patch(one, policy=policy.ADMINS, body=update_body, reply=reply)(update)
    routes.delete(one, policy=policy.ADMINS, errors=(409,))(delete)


_add("service", schemas.service, schemas.Service, schemas.ServiceCreateBody, schemas.ServiceUpdateBody)
_add("endpoint", schemas.endpoint, schemas.Endpoint, schemas.EndpointCreateBody, schemas.EndpointUpdateBody)
_add("region", schemas.region, schemas.Region, schemas.RegionCreateBody, schemas.RegionUpdateBody)


@routes.put(
    "/regions/{region_id}",
    policy=policy.ADMINS,
    body=schemas.RegionCreateBody,
    status=201,
    errors=(409,),
    reply=under("region", schemas.Region),
)
def create_named_region(request: Request, region_id: str, body: schemas.RegionCreateBody) -> dict[str, Any]:
    """Create a region with an id from the client."""
    values = {**listing.given(body.region), "id": region_id}
    extra = additional.sent(request, "region", schemas.RegionCreate)
    return {"region": schemas.region(logic.create(request.tx, request.who, "region", values, extra), request)}
