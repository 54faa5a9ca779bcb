"""Routes of default types."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.block_storage.default_types import logic, schemas

routes = Routes()
PATH = "/default-types/{owner_id}"
SINCE = since("3.62")


@routes.get("/default-types", policy=policy.admin(), query=Nothing, reply=schemas.ListBody, versions=SINCE)
def index(request: Request) -> schemas.ListBody:
    return schemas.ListBody([schemas.DefaultType(**row) for row in logic.every(request.tx)])


@routes.get(PATH, policy=policy.admin(), reply=schemas.Body, versions=SINCE)
def show(request: Request, owner_id: str) -> schemas.Body:
    return schemas.Body(schemas.DefaultType(**logic.of_project(request.tx, owner_id)))


@routes.put(PATH, policy=policy.admin(), body=schemas.SetBody, reply=schemas.Body, versions=SINCE)
def update(request: Request, owner_id: str, body: schemas.SetBody) -> schemas.Body:
    row = logic.change(request.tx, request.who, owner_id, body.default_type.volume_type)
    return schemas.Body(schemas.DefaultType(**row))


@routes.delete(PATH, policy=policy.admin(), versions=SINCE)
def delete(request: Request, owner_id: str) -> Reply:
    logic.reset(request.tx, owner_id)
    return Reply()
