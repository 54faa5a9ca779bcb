"""Routes of volume types, their extra specs and their access lists."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.volume_types import logic, schemas
from kumoi.services.block_storage.volume_types.models import VolumeTypeRow

routes = Routes()
PATH = "/types/{type_id}"
SPECS = f"{PATH}/extra_specs"


def _body(request: Request, row: VolumeTypeRow) -> schemas.Body:
    return schemas.Body(schemas.volume_type(row, admin=request.who.is_admin))


def _row(request: Request, type_id: str) -> VolumeTypeRow:
    return logic.visible(request.tx, request.who, type_id)


@routes.get("/types", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    listing.refuse_unknown(request, schemas.ListQuery)
    rows = logic.page(request.tx, request.who, query)
    return schemas.ListBody(
        volume_types=[schemas.volume_type(row, admin=request.who.is_admin) for row in rows],
        volume_type_links=listing.next_links(request, query, rows),
    )


@routes.post("/types", policy=policy.admin(), body=schemas.CreateBody, reply=schemas.Body, status=200, errors=(409,))
def create(request: Request, body: schemas.CreateBody) -> schemas.Body:
    asked = body.volume_type
    public = True if asked.is_public is None else listing.truth(str(asked.is_public), "is_public", True)
    specs = dict(asked.extra_specs or {})
    row = logic.create(request.tx, asked.name, asked.description, specs, is_public=public)
    return schemas.Body(schemas.created(row))


@routes.get("/types/default", policy=policy.reader(), mode="write", reply=schemas.Body)
def show_default(request: Request) -> schemas.Body:
    return _body(request, logic.default(request.tx, request.who.project_id))


@routes.get(PATH, policy=policy.reader(), reply=schemas.Body)
def show(request: Request, type_id: str) -> schemas.Body:
    return _body(request, _row(request, type_id))


@routes.put(PATH, policy=policy.admin(), body=schemas.UpdateBody, reply=schemas.Body, errors=(409,))
def update(request: Request, type_id: str, body: schemas.UpdateBody) -> schemas.Body:
    asked = body.volume_type
    named = {"name": asked.name, "description": asked.description}
    values: dict[str, Any] = {name: value for name, value in named.items() if isinstance(value, str)}
    if isinstance(asked.is_public, bool | str):
        values["is_public"] = listing.truth(str(asked.is_public), "is_public", True)
    return schemas.Body(schemas.changed(logic.update(request.tx, _row(request, type_id), values)))


@routes.delete(PATH, policy=policy.admin(), status=202)
def delete(request: Request, type_id: str) -> Reply:
    logic.delete(request.tx, _row(request, type_id))
    return Reply()


@routes.get(SPECS, policy=policy.reader(), query=Nothing, reply=schemas.SpecsBody)
def specs(request: Request, type_id: str) -> schemas.SpecsBody:
    shown = schemas.volume_type(_row(request, type_id), admin=request.who.is_admin)
    return schemas.SpecsBody(shown.extra_specs or {})


@routes.post(SPECS, policy=policy.admin(), body=schemas.SpecsBody, reply=schemas.SpecsBody, status=200)
def set_specs(request: Request, type_id: str, body: schemas.SpecsBody) -> schemas.SpecsBody:
    logic.set_specs(request.tx, _row(request, type_id), body.extra_specs)
    return body


@routes.get(f"{SPECS}/{{key}}", policy=policy.reader(), reply=dict[str, str])
def show_spec(request: Request, type_id: str, key: str) -> dict[str, str]:
    row = _row(request, type_id)
    shown = schemas.volume_type(row, admin=request.who.is_admin)
    return {key: logic.spec(row, key, shown.extra_specs or {})}


@routes.put(f"{SPECS}/{{key}}", policy=policy.admin(), body=schemas.Specs, reply=dict[str, str])
def update_spec(request: Request, type_id: str, key: str, body: dict[str, str]) -> dict[str, str]:
    logic.set_one_spec(request.tx, _row(request, type_id), key, body)
    return body


@routes.delete(f"{SPECS}/{{key}}", policy=policy.admin(), status=202)
def delete_spec(request: Request, type_id: str, key: str) -> Reply:
    logic.unset_spec(request.tx, _row(request, type_id), key)
    return Reply()


@routes.get(f"{PATH}/os-volume-type-access", policy=policy.admin(), query=Nothing, reply=schemas.AccessBody)
def access(request: Request, type_id: str) -> schemas.AccessBody:
    row = _row(request, type_id)
    return schemas.AccessBody([schemas.Access(row["id"], project) for project in logic.projects(request.tx, row)])


@routes.action(f"{PATH}/action", "addProjectAccess", policy=policy.admin(), body=schemas.Project, errors=(409,))
def add_project_access(request: Request, type_id: str, body: schemas.Project) -> Reply:
    logic.add_project(request.tx, _row(request, type_id), body.project)
    return Reply()


@routes.action(f"{PATH}/action", "removeProjectAccess", policy=policy.admin(), body=schemas.Project, errors=(409,))
def remove_project_access(request: Request, type_id: str, body: schemas.Project) -> Reply:
    logic.remove_project(request.tx, _row(request, type_id), body.project)
    return Reply()
