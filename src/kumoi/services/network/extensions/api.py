"""Routes of extensions."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, partials, under
from kumoi.services.network.extensions import logic
from kumoi.services.network.listing import FIELDS, Fields, chosen, chosen_one

routes = Routes()


class Extension(msgspec.Struct, kw_only=True):
    name: str
    alias: str
    description: str
    links: list[str]
    updated: str


@routes.get("/extensions", policy=policy.authenticated(), query=FIELDS, reply=under("extensions", partials(Extension)))
def index(request: Request, query: Fields) -> dict[str, Any]:
    return {"extensions": chosen(logic.index(), query)}


@routes.get(
    "/extensions/{alias}", policy=policy.authenticated(), query=FIELDS, reply=under("extension", partial(Extension))
)
def show(request: Request, alias: str, query: Fields) -> dict[str, Any]:
    return {"extension": chosen_one(query, logic.show(alias))}
