"""Routes that describe the stores and import methods."""

from typing import Any

import msgspec

from kumoi.kernel import policy, quotas
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.settings import Folder
from kumoi.kernel.shapes import under
from kumoi.services.image import offers
from kumoi.services.image.offers import FILES, IMPORT_METHODS, STORE

routes = Routes()


class Methods(msgspec.Struct):
    description: str
    type: str
    value: list[str]


class Store(msgspec.Struct):
    id: str
    description: str
    default: str | msgspec.UnsetType = msgspec.UNSET
    """`true` for one of them."""


class Place(msgspec.Struct):
    """What an admin reads of a store."""

    data_dir: str | msgspec.UnsetType = msgspec.UNSET
    container: str | msgspec.UnsetType = msgspec.UNSET
    chunk_size: int = 1 << 20
    thin_provisioning: bool = True


class DetailedStore(Store, kw_only=True):
    type: str
    properties: Place


class Usage(msgspec.Struct):
    """`limit` -1: none. Sizes are in MiB."""

    usage: int
    limit: int


class Usages(msgspec.Struct):
    image_size_total: Usage
    image_stage_total: Usage
    image_count_total: Usage
    image_count_uploading: Usage


class Link(msgspec.Struct):
    rel: str
    href: str


class Version(msgspec.Struct):
    id: str
    status: str
    links: list[Link]


@routes.get(
    "/v2/info/import", policy=policy.reader(), query=Nothing, mode="live", reply=under("import-methods", Methods)
)
def imports(request: Request) -> dict[str, Any]:
    about = {"description": "Import methods available.", "type": "array", "value": list(IMPORT_METHODS)}
    return {"import-methods": about}


@routes.get("/v2/info/stores", policy=policy.reader(), query=Nothing, mode="live", reply=under("stores", list[Store]))
def stores(request: Request) -> dict[str, Any]:
    return {"stores": [_store(name) for name in offers.stores()]}


def _store(name: str) -> dict[str, Any]:
    default = {"default": "true"} if name == STORE else {}
    return {"id": name, "description": offers.DESCRIPTIONS[name], **default}


@routes.get(
    "/v2/info/stores/detail", policy=policy.admin(), query=Nothing, mode="live",
    reply=under("stores", list[DetailedStore]),
)  # fmt: skip
def detailed_stores(request: Request) -> dict[str, Any]:
    found = []
    for name in offers.stores():
        place = Place(data_dir=str(request.engine(Folder).images)) if name == FILES else Place(container="images")
        found.append({**_store(name), "type": "file" if name == FILES else "swift", "properties": place})
    return {"stores": found}


@routes.get("/v2/info/usage", policy=policy.reader(), query=Nothing, reply=under("usage", Usages))
def usage(request: Request) -> dict[str, Any]:
    """Of the project of the token."""
    if request.who.project_id is None:
        raise BadRequest("Usage belongs to a project: use a token with a project's scope.")
    shown = quotas.show(request.tx, "image", request.who.project_id)
    return {"usage": {name: Usage(used, limit) for name, (limit, used) in shown.items()}}


@routes.get("/healthcheck", policy=policy.public(), mode="live", reply=bytes)
def healthcheck(request: Request) -> Reply:
    return Reply(raw=b"OK")


@routes.get("/versions", policy=policy.public(), query=Nothing, mode="live", reply=under("versions", list[Version]))
def versions(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = request.service.discovery(request.service, request.base_url)
    return {"versions": found["versions"]}
