"""Routes of the features of this object store. They need no token."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import stores, synced
from kumoi.services.object_store.info import logic, schemas

routes = Routes()


@routes.get("/info", policy=policy.public(), mode="live", query=schemas.Asked, reply=dict[str, Any])
def show(request: Request, query: schemas.Asked) -> dict[str, Any]:
    return logic.capabilities(stores.of(request).policies(), request.settings, synced.realms_of(request))


@routes.get("/crossdomain.xml", policy=policy.public(), mode="live", reply=bytes)
def crossdomain(request: Request) -> Reply:
    return Reply(raw=logic.CROSSDOMAIN, content_type="application/xml")


@routes.get("/healthcheck", policy=policy.public(), mode="live", reply=bytes)
def healthcheck(request: Request) -> Reply:
    return Reply(raw=b"OK", content_type="text/plain; charset=UTF-8")
