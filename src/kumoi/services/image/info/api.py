"""Routes that describe the stores and import methods."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.image import offers
from kumoi.services.image.offers import IMPORT_METHODS, STORE

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
    return {
        "stores": [
            {"id": name, "description": offers.DESCRIPTIONS[name], **({"default": "true"} if name == STORE else {})}
            for name in offers.stores()
        ]
    }


@routes.get("/healthcheck", policy=policy.public(), mode="live", reply=bytes)
def healthcheck(request: Request) -> Reply:
    return Reply(raw=b"OK")


@routes.get("/versions", policy=policy.public(), query=Nothing, mode="live", reply=under("versions", list[Version]))
def versions(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = request.service.discovery(request.service, request.base_url)
    return {"versions": found["versions"]}
