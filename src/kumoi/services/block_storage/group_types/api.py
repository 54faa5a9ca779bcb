"""Routes of group types and their specs."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.group_types import logic, schemas
from kumoi.services.block_storage.group_types.models import GroupTypeRow

routes = Routes()
PATH = "/group_types/{group_type_id}"
SPECS = f"{PATH}/group_specs"
VERSIONS = since("3.11")


def _body(request: Request, row: GroupTypeRow) -> schemas.Body:
    return schemas.Body(schemas.group_type(row, admin=request.who.is_admin))


def _row(request: Request, group_type_id: str) -> GroupTypeRow:
    return logic.visible(request.tx, request.who, group_type_id)


@routes.get("/group_types", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody, versions=VERSIONS)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    rows = logic.page(request.tx, request.who, query)
    return schemas.ListBody(
        group_types=[schemas.group_type(row, admin=request.who.is_admin) for row in rows],
        group_type_links=listing.next_links(request, query, rows),
    )


@routes.post(
    "/group_types", policy=policy.admin(), body=schemas.CreateBody, reply=schemas.Body, status=202, errors=(409,),
    versions=VERSIONS,
)  # fmt: skip
def create(request: Request, body: schemas.CreateBody) -> schemas.Body:
    asked = body.group_type
    public = True if asked.is_public is None else listing.truth(str(asked.is_public), "is_public", True)
    specs = dict(asked.group_specs or {})
    return _body(request, logic.create(request.tx, asked.name, asked.description, specs, is_public=public))


@routes.get("/group_types/default", policy=policy.reader(), reply=schemas.Body, versions=VERSIONS)
def show_default(request: Request) -> schemas.Body:
    return _body(request, logic.default(request.tx, request.who))


@routes.get(PATH, policy=policy.reader(), reply=schemas.Body, versions=VERSIONS)
def show(request: Request, group_type_id: str) -> schemas.Body:
    return _body(request, _row(request, group_type_id))


@routes.put(
    PATH, policy=policy.admin(), body=schemas.UpdateBody, reply=schemas.Body, errors=(409,), versions=VERSIONS
)  # fmt: skip
def update(request: Request, group_type_id: str, body: schemas.UpdateBody) -> schemas.Body:
    asked = body.group_type
    named = {"name": asked.name, "description": asked.description}
    values: dict[str, Any] = {name: value for name, value in named.items() if isinstance(value, str)}
    if isinstance(asked.is_public, bool | str):
        values["is_public"] = listing.truth(str(asked.is_public), "is_public", True)
    return _body(request, logic.update(request.tx, _row(request, group_type_id), values))


@routes.delete(PATH, policy=policy.admin(), status=202, versions=VERSIONS)
def delete(request: Request, group_type_id: str) -> Reply:
    logic.delete(request.tx, _row(request, group_type_id))
    return Reply()


@routes.get(SPECS, policy=policy.admin(), query=Nothing, reply=schemas.SpecsBody, versions=VERSIONS)
def specs(request: Request, group_type_id: str) -> schemas.SpecsBody:
    return schemas.SpecsBody(_row(request, group_type_id)["group_specs"])


@routes.post(
    SPECS, policy=policy.admin(), body=schemas.SpecsBody, reply=schemas.SpecsBody, status=202, versions=VERSIONS
)
def set_specs(request: Request, group_type_id: str, body: schemas.SpecsBody) -> schemas.SpecsBody:
    logic.set_specs(request.tx, _row(request, group_type_id), body.group_specs)
    return body


@routes.get(f"{SPECS}/{{key}}", policy=policy.admin(), reply=dict[str, str], versions=VERSIONS)
def show_spec(request: Request, group_type_id: str, key: str) -> dict[str, str]:
    return {key: logic.spec(_row(request, group_type_id), key)}


@routes.put(f"{SPECS}/{{key}}", policy=policy.admin(), body=schemas.Specs, reply=dict[str, str], versions=VERSIONS)
def update_spec(request: Request, group_type_id: str, key: str, body: dict[str, str]) -> dict[str, str]:
    logic.set_one_spec(request.tx, _row(request, group_type_id), key, body)
    return body


@routes.delete(f"{SPECS}/{{key}}", policy=policy.admin(), status=202, versions=VERSIONS)
def delete_spec(request: Request, group_type_id: str, key: str) -> Reply:
    logic.unset_spec(request.tx, _row(request, group_type_id), key)
    return Reply()
