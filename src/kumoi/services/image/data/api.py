"""Routes of the bytes of images; uploads are in `streams.py`."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.image import offers
from kumoi.services.image.data import live, logic, schemas
from kumoi.services.image.data.errors import UnknownStore
from kumoi.services.image.downloads import addresses

routes = Routes()


@routes.post(
    "/v2/images/{image_id}/import",
    policy=policy.member_of_visible(),
    body=schemas.Import,
    status=202,
    errors=(409, 413),
    quota=("image_count_uploading",),
)
def bring_in(request: Request, image_id: str, body: schemas.Import) -> Reply:
    wanted, url = _wanted(request, body), ""
    told: dict[str, Any] = {
        "method": {"name": body.method.name},
        "all_stores_must_succeed": body.all_stores_must_succeed,
    }
    told |= {"all_stores": True} if body.all_stores else {"stores": wanted}
    if body.method.name == offers.WEB_DOWNLOAD:
        if not body.method.uri:
            raise BadRequest("method: web-download needs an uri.")
        said = "URI for web-download does not pass filtering"
        told["method"]["uri"] = addresses.checked(request.settings, body.method.uri, said)
        url = request.keys.seal_secret(body.method.uri)
    remote = None
    if body.method.name == offers.REMOTE:
        remote = schemas.remote(body.method)
        told["method"] |= {
            "glance_image_id": remote["image_id"], "glance_region": remote["region"],
            "glance_service_interface": remote["interface"],
        }  # fmt: skip
        url = request.keys.seal_secret(request.token)
    asked = logic.Import(body.method.name, wanted, told, body.all_stores_must_succeed, url, remote)
    logic.bring_in(
        request.tx, request.who, image_id, asked, request.settings.web_download_size << 20, request.origin()
    )  # fmt: skip
    return Reply()


def _wanted(request: Request, body: schemas.Import) -> list[str]:
    """The stores of an import. Clients name them twice."""
    named = request.headers.get(offers.STORE_HEADER, "").strip()
    wanted = list(dict.fromkeys([*(body.stores or []), *([named] if named else [])]))
    if body.all_stores:
        if wanted:
            raise BadRequest(f"all_stores: stores and {offers.STORE_HEADER} are not taken with it.")
        wanted = list(offers.stores())
    for name in wanted:
        if name not in offers.stores():
            raise UnknownStore("stores", name, offers.stores())
    return wanted or [offers.STORE]


@routes.delete("/v2/stores/{store}/{image_id}", policy=policy.member_of_visible(), errors=(409,))
def remove(request: Request, store: str, image_id: str) -> None:
    logic.remove_from(request.tx, request.who, image_id, store, request.origin())


@routes.get("/v2/images/{image_id}/file", policy=policy.reader(), mode="live", reply=bytes, errors=(204, 409, 410))
def download(request: Request, image_id: str) -> Reply:
    return live.download(request, image_id)
