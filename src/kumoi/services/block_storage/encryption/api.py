"""Routes of a volume type's encryption."""

from kumoi.kernel import policy
from kumoi.kernel.errors import NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.rows import set_fields
from kumoi.services.block_storage.encryption import logic, schemas
from kumoi.services.block_storage.volume_types import logic as volume_types
from kumoi.services.block_storage.volume_types.models import VolumeTypeRow

routes = Routes()
PATH = "/types/{type_id}/encryption"


def _type(request: Request, type_id: str) -> VolumeTypeRow:
    return volume_types.visible(request.tx, request.who, type_id)


@routes.get(PATH, policy=policy.admin(), query=Nothing, reply=schemas.Shown)
def show(request: Request, type_id: str) -> schemas.Shown:
    return schemas.shown(logic.of_type(request.tx, _type(request, type_id)))


@routes.post(PATH, policy=policy.admin(), body=schemas.CreateBody, reply=schemas.MadeBody, status=200)
def create(request: Request, type_id: str, body: schemas.CreateBody) -> schemas.MadeBody:
    return schemas.MadeBody(
        schemas.made(logic.create(request.tx, _type(request, type_id), set_fields(body.encryption)))
    )  # fmt: skip


@routes.get(f"{PATH}/{{key}}", policy=policy.admin(), reply=dict[str, str | int | None])
def show_item(request: Request, type_id: str, key: str) -> dict[str, str | int | None]:
    row = logic.of_type(request.tx, _type(request, type_id))
    if row is None or key not in schemas.Made.__struct_fields__:
        raise NotFound(f"Encryption of type {type_id} has no key {key[:255]}.")
    return {key: getattr(schemas.made(row), key)}


@routes.put(f"{PATH}/{{key}}", policy=policy.admin(), body=schemas.ChangeBody, reply=schemas.ChangeBody)
def update(request: Request, type_id: str, key: str, body: schemas.ChangeBody) -> schemas.ChangeBody:
    logic.update(request.tx, _type(request, type_id), key, set_fields(body.encryption))
    return body


@routes.delete(f"{PATH}/{{key}}", policy=policy.admin(), status=202)
def delete(request: Request, type_id: str, key: str) -> Reply:
    logic.delete(request.tx, _type(request, type_id), key)
    return Reply()
