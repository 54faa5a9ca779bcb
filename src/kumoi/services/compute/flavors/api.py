"""Routes of flavors, their extra specs and access lists."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.pagination import full
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import since
from kumoi.services.compute.flavors import logic, schemas
from kumoi.services.compute.flavors.models import FlavorDetails

routes = Routes()


class Access(msgspec.Struct):
    flavor_id: str
    tenant_id: str


def _links(request: Request, flavorid: str) -> list[schemas.Link]:
    return schemas.links(f"{request.base_url}{request.service.root}", request.link(""), flavorid)


def _flavor(request: Request, row: FlavorDetails) -> schemas.Flavor:
    numeric = request.behaves("flavor swap is a number")
    return schemas.flavor(row, _links(request, row["flavorid"]), swap_is_a_number=numeric)


def _list(request: Request, query: schemas.ListQuery) -> list[FlavorDetails]:
    return logic.list_for(
        request.tx, request.who, is_public=query.is_public, min_ram=query.min_ram, min_disk=query.min_disk,
        name=query.name, sort_keys=query.sort_key, sort_dirs=query.sort_dir, marker=query.marker, limit=query.limit,
    )  # fmt: skip


def _following(request: Request, query: schemas.ListQuery, rows: list[FlavorDetails]) -> list[schemas.Link]:
    if not full(rows, query.limit):
        return []
    return [schemas.Link("next", request.link_after(rows[-1]["flavorid"]))]


@routes.get("/flavors", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    rows = _list(request, query)
    body = schemas.ListBody(flavors=[schemas.item(row, _links(request, row["flavorid"])) for row in rows])
    if following := _following(request, query, rows):
        body.flavors_links = following
    return body


@routes.get("/flavors/detail", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.DetailBody)
def detail(request: Request, query: schemas.ListQuery) -> schemas.DetailBody:
    rows = _list(request, query)
    body = schemas.DetailBody(flavors=[_flavor(request, row) for row in rows])
    if following := _following(request, query, rows):
        body.flavors_links = following
    return body


@routes.post(
    "/flavors", policy=policy.admin(), body=schemas.CreateBody, reply=schemas.ShowBody, status=200, errors=(409,)
)
def create(request: Request, body: schemas.CreateBody) -> schemas.ShowBody:
    asked = body.flavor
    row = logic.create(
        request.tx, flavorid=None if asked.id is None else str(asked.id), name=asked.name, vcpus=int(asked.vcpus),
        ram=int(asked.ram), disk=int(asked.disk), ephemeral=int(asked.ephemeral), swap=int(asked.swap),
        rxtx_factor=float(asked.rxtx_factor), is_public=schemas.truth(asked.is_public), description=asked.description,
    )  # fmt: skip
    return schemas.ShowBody(_flavor(request, row))


@routes.get("/flavors/{flavor_id}", policy=policy.reader(), reply=schemas.ShowBody)
def show(request: Request, flavor_id: str) -> schemas.ShowBody:
    return schemas.ShowBody(_flavor(request, logic.visible(request.tx, request.who, flavor_id)))


@routes.put(
    "/flavors/{flavor_id}", policy=policy.admin(), body=schemas.UpdateBody, reply=schemas.ShowBody,
    versions=since("2.55"),
)  # fmt: skip
def update(request: Request, flavor_id: str, body: schemas.UpdateBody) -> schemas.ShowBody:
    return schemas.ShowBody(_flavor(request, logic.describe(request.tx, flavor_id, body.flavor.description)))


@routes.delete("/flavors/{flavor_id}", policy=policy.admin(), status=202)
def delete(request: Request, flavor_id: str) -> Reply:
    logic.delete(request.tx, flavor_id)
    return Reply()


@routes.get(
    "/flavors/{flavor_id}/os-extra_specs",
    policy=policy.reader(),
    query=Nothing,
    reply=under("extra_specs", dict[str, str]),
)
def extra_specs(request: Request, flavor_id: str) -> dict[str, Any]:
    return {"extra_specs": logic.visible(request.tx, request.who, flavor_id)["extra_specs"]}


@routes.post(
    "/flavors/{flavor_id}/os-extra_specs",
    policy=policy.admin(),
    body=schemas.ExtraSpecs,
    status=200,
    reply=under("extra_specs", dict[str, str]),
)
def create_extra_specs(request: Request, flavor_id: str, body: schemas.ExtraSpecs) -> dict[str, Any]:
    logic.put_extra_specs(request.tx, flavor_id, body.extra_specs)
    return {"extra_specs": {key: str(value) for key, value in body.extra_specs.items()}}


@routes.get("/flavors/{flavor_id}/os-extra_specs/{key}", policy=policy.reader(), reply=dict[str, str])
def extra_spec(request: Request, flavor_id: str, key: str) -> dict[str, Any]:
    return {key: logic.extra_spec(request.tx, request.who, flavor_id, key)}


@routes.put(
    "/flavors/{flavor_id}/os-extra_specs/{key}",
    policy=policy.admin(),
    body=dict[str, str | int | float],
    reply=dict[str, str],
)
def update_extra_spec(request: Request, flavor_id: str, key: str, body: dict[str, str | int | float]) -> dict[str, Any]:
    if list(body) != [key]:
        raise BadRequest("Request body and URI mismatch: the body has exactly the key that the URL names.")
    logic.put_extra_specs(request.tx, flavor_id, body)
    return {key: str(body[key])}


@routes.delete("/flavors/{flavor_id}/os-extra_specs/{key}", policy=policy.admin(), status=200)
def delete_extra_spec(request: Request, flavor_id: str, key: str) -> Reply:
    logic.delete_extra_spec(request.tx, flavor_id, key)
    return Reply()


@routes.get(
    "/flavors/{flavor_id}/os-flavor-access",
    policy=policy.admin(),
    query=Nothing,
    reply=under("flavor_access", list[Access]),
)
def access(request: Request, flavor_id: str) -> dict[str, Any]:
    return schemas.access_list(flavor_id, logic.projects(request.tx, flavor_id))


@routes.action(
    "/flavors/{flavor_id}/action", "addTenantAccess", policy=policy.admin(), body=schemas.Project, status=200,
    errors=(409,), reply=under("flavor_access", list[Access]))  # fmt: skip
def add_access(request: Request, flavor_id: str, body: schemas.Project) -> dict[str, Any]:
    return schemas.access_list(flavor_id, logic.add_project(request.tx, flavor_id, body.tenant))


@routes.action(
    "/flavors/{flavor_id}/action", "removeTenantAccess", policy=policy.admin(), body=schemas.Project, status=200,
    errors=(409,), reply=under("flavor_access", list[Access]))  # fmt: skip
def remove_access(request: Request, flavor_id: str, body: schemas.Project) -> dict[str, Any]:
    return schemas.access_list(flavor_id, logic.remove_project(request.tx, flavor_id, body.tenant))
