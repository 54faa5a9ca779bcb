"""Routes that show objects and hand out their bytes."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import access, crossing, specials
from kumoi.services.object_store.objects import downloads, schemas

routes = Routes()
PATH = "/v1/{account}/{container}/{object:path}"
READERS = policy.by_service("container-readers", access.reads_own)
ERRORS = (206, 301, 304, 409, 412, 416)


@routes.get(PATH, policy=READERS, mode="live", query=schemas.Got, reply=bytes, errors=ERRORS)
@crossing.shared
def get(request: Request, account: str, container: str, object: str, query: schemas.Got) -> Reply:
    found = specials.as_web(request, (account, container, object))
    return found or downloads.get(request, account, container, object)


@routes.head(PATH, policy=READERS, mode="live", query=schemas.Got, errors=ERRORS)
@crossing.shared
def head(request: Request, account: str, container: str, object: str, query: schemas.Got) -> Reply:
    return downloads.head(request, account, container, object)


@routes.options(PATH, policy=policy.public(), errors=(401,))
def preflight(request: Request, account: str, container: str, object: str) -> Reply:
    return crossing.preflight(request, account, container)
