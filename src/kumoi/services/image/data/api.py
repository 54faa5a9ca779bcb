"""Routes of the bytes of images; uploads are in `streams.py`."""

from kumoi.kernel import policy
from kumoi.kernel.errors import BadRequest, NotBuilt
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.image import offers
from kumoi.services.image.data import live, logic, schemas
from kumoi.services.image.data.errors import UnknownStore

routes = Routes()


@routes.post(
    "/v2/images/{image_id}/import", policy=policy.member(), body=schemas.Import, status=202, errors=(409, 413, 501)
)
def bring_in(request: Request, image_id: str, body: schemas.Import) -> Reply:
    logic.bring_in(request.tx, request.who, image_id, body.method.name, _wanted(request, body), request.origin())
    return Reply()


def _wanted(request: Request, body: schemas.Import) -> str:
    """The store of an import. Clients name it twice."""
    named = request.headers.get(offers.STORE_HEADER, "").strip()
    wanted = list(dict.fromkeys([*(body.stores or []), *([named] if named else [])]))
    if body.all_stores:
        if wanted:
            raise BadRequest(f"all_stores: stores and {offers.STORE_HEADER} are not taken with it.")
        wanted = list(offers.stores())
    for name in wanted:
        if name not in offers.stores():
            raise UnknownStore("stores", name, offers.stores())
    if len(wanted) > 1:
        raise NotBuilt("stores: an image lies in one store; several are not built yet.")
    return wanted[0] if wanted else offers.STORE


@routes.delete("/v2/stores/{store}/{image_id}", policy=policy.member(), errors=(409,))
def remove(request: Request, store: str, image_id: str) -> None:
    logic.check_removable(request.tx, request.who, image_id, store)


@routes.get("/v2/images/{image_id}/file", policy=policy.reader(), mode="live", reply=bytes, errors=(204, 409, 410))
def download(request: Request, image_id: str) -> Reply:
    return live.download(request, image_id)
