"""Routes of tasks."""

from typing import Any

from msgspec import UnsetType

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.image.downloads import addresses
from kumoi.services.image.tasks import logic, schemas

routes = Routes()


@routes.get(
    "/v2/tasks", policy=policy.admin(), query=schemas.Query,
    reply=under("tasks", list[schemas.Stub], first=str, schema=str, next=str | UnsetType),
)  # fmt: skip
def index(request: Request, query: schemas.Query) -> dict[str, Any]:
    rows, limit = logic.list_of(request.tx, query)
    return schemas.listing(rows, query, limit)


@routes.post(
    "/v2/tasks", policy=policy.admin(), body=schemas.Create, reply=schemas.Task, errors=(409, 413),
    quota=("image_count_total", "image_count_uploading"),
)  # fmt: skip
def create(request: Request, body: schemas.Create) -> Reply:
    given = body.input
    shown = addresses.checked(request.settings, given.import_from, "import_from does not pass filtering")
    told = {
        "import_from": shown, "import_from_format": given.import_from_format,
        "image_properties": given.image_properties,
    }  # fmt: skip
    sealed, most = request.keys.seal_secret(given.import_from), request.settings.web_download_size << 20
    row = logic.create(request.tx, request.who, given, told, sealed, most, request.origin())
    return Reply(schemas.task(row), headers={"Location": request.link(f"/v2/tasks/{row['id']}")})


@routes.get("/v2/tasks/{task_id}", policy=policy.admin(), query=Nothing, reply=schemas.Task)
def show(request: Request, task_id: str) -> dict[str, Any]:
    return schemas.task(logic.find(request.tx, task_id))


@routes.get(
    "/v2/images/{image_id}/tasks", policy=policy.reader(), query=Nothing, reply=under("tasks", list[schemas.Task])
)
def of_image(request: Request, image_id: str) -> dict[str, Any]:
    return {"tasks": [schemas.task(row) for row in logic.of_image(request.tx, request.who, image_id)]}
