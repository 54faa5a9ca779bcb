"""Routes of extensions."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.network.extensions import logic
from kumoi.services.network.listing import chosen, chosen_one

routes = Routes()


@routes.get("/extensions", policy=policy.authenticated())
def index(request: Request) -> dict[str, Any]:
    return {"extensions": chosen(logic.index(), request.params.get("fields", ()))}


@routes.get("/extensions/{alias}", policy=policy.authenticated())
def show(request: Request, alias: str) -> dict[str, Any]:
    return {"extension": chosen_one(request, logic.show(alias))}
