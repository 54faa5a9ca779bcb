"""Routes of resource classes."""

from typing import Annotated, Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import during, since
from kumoi.services.placement.freshness import fresh
from kumoi.services.placement.resource_classes import logic

routes = Routes()


class Named(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(max_length=255)]


class Link(msgspec.Struct):
    rel: str
    href: str


class Shown(msgspec.Struct):
    name: str
    links: list[Link]


def _class(request: Request, name: str) -> dict[str, Any]:
    href = f"{request.service.prefix}/resource_classes/{name}"
    return {"name": name, "links": [{"rel": "self", "href": href}]}


@routes.get(
    "/resource_classes",
    policy=policy.admin(),
    query=Nothing,
    versions=since("1.2"),
    reply=under("resource_classes", list[Shown]),
)
def index(request: Request) -> Reply:
    return fresh(request, {"resource_classes": [_class(request, name) for name in logic.every(request.tx)]})


@routes.post("/resource_classes", policy=policy.admin(), body=Named, versions=since("1.2"), errors=(409,))
def create(request: Request, body: Named) -> Reply:
    logic.create(request.tx, body.name)
    return Reply(headers={"Location": request.link(f"/resource_classes/{body.name}")})


@routes.get("/resource_classes/{name}", policy=policy.admin(), versions=since("1.2"), reply=Shown)
def show(request: Request, name: str) -> Reply:
    return fresh(request, _class(request, logic.existing(request.tx, name)))


@routes.put(
    "/resource_classes/{name}",
    policy=policy.admin(),
    body=Named,
    versions=during("1.2", "1.6"),
    errors=(409,),
    reply=Shown,
)
def rename(request: Request, name: str, body: Named) -> dict[str, Any]:
    logic.rename(request.tx, name, body.name)
    return _class(request, body.name)


@routes.put("/resource_classes/{name}", policy=policy.admin(), versions=since("1.7"), status=201, errors=(204,))
def ensure(request: Request, name: str) -> Reply:
    new = logic.ensure(request.tx, name)
    return Reply(status=201 if new else 204, headers={"Location": request.link(f"/resource_classes/{name}")})


@routes.delete("/resource_classes/{name}", policy=policy.admin(), versions=since("1.2"), errors=(409,))
def delete(request: Request, name: str) -> Reply:
    logic.delete(request.tx, name)
    return Reply()
