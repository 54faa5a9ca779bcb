"""Routes of images and their tags."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Params
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.image import offers
from kumoi.services.image.images import logic, patches, schemas
from kumoi.services.image.offers import IMPORT_METHODS

routes = Routes()


@routes.get("/v2/images", policy=policy.reader(), query=logic.LIST_QUERY, reply=schemas.Images)
def index(request: Request, query: Params) -> dict[str, Any]:
    rows, limit = logic.list_for(request.tx, request.who, query)
    return schemas.listing(rows, query, limit)


@routes.post(
    "/v2/images",
    policy=policy.member(),
    body=dict[str, Any],
    errors=(409, 413),
    reply=schemas.Image,
    quota=("image_count_total",),
)
def create(request: Request, body: dict[str, Any]) -> Reply:
    row = logic.create(request.tx, request.who, body)
    said = {
        "Location": request.link(f"/v2/images/{row['id']}"),
        "OpenStack-image-import-methods": ",".join(IMPORT_METHODS),
        "OpenStack-image-store-ids": ",".join(offers.stores()),
    }
    return Reply(schemas.image(row), headers=said)


@routes.get("/v2/images/{image_id}", policy=policy.reader(), reply=schemas.Image)
def show(request: Request, image_id: str) -> dict[str, Any]:
    return schemas.image(logic.visible(request.tx, request.who, image_id))


@routes.patch(
    "/v2/images/{image_id}",
    policy=policy.member_of_visible(),
    body=list[patches.Operation],
    decode=patches.decode,
    media_types=patches.MEDIA_TYPES[:1],
    errors=(409, 413, 415),
    reply=schemas.Image,
)
def update(request: Request, image_id: str, body: list[patches.Change]) -> dict[str, Any]:
    return schemas.image(logic.update(request.tx, request.who, image_id, body))


@routes.delete("/v2/images/{image_id}", policy=policy.member_of_visible())
def delete(request: Request, image_id: str) -> Reply:
    logic.delete(request.tx, request.who, image_id, request.origin())
    return Reply()


@routes.post("/v2/images/{image_id}/actions/deactivate", policy=policy.member_of_visible(), status=204)
def deactivate(request: Request, image_id: str) -> Reply:
    logic.set_active(request.tx, image_id, request.who, active=False)
    return Reply()


@routes.post("/v2/images/{image_id}/actions/reactivate", policy=policy.member_of_visible(), status=204)
def reactivate(request: Request, image_id: str) -> Reply:
    logic.set_active(request.tx, image_id, request.who, active=True)
    return Reply()


@routes.put("/v2/images/{image_id}/tags/{tag}", policy=policy.member_of_visible(), status=204, errors=(413,))
def add_tag(request: Request, image_id: str, tag: str) -> Reply:
    logic.add_tag(request.tx, request.who, image_id, tag)
    return Reply()


@routes.delete("/v2/images/{image_id}/tags/{tag}", policy=policy.member_of_visible())
def remove_tag(request: Request, image_id: str, tag: str) -> Reply:
    logic.remove_tag(request.tx, request.who, image_id, tag)
    return Reply()
