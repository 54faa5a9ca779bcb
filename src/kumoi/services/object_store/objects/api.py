"""Routes that show objects and hand out their bytes."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import specials
from kumoi.services.object_store.objects import downloads, schemas

routes = Routes()
PATH = "/v1/{account}/{container}/{object:path}"
READERS = policy.by_service("container-readers")
ERRORS = (206, 301, 304, 409, 412, 416)


@routes.get(PATH, policy=READERS, mode="live", query=schemas.Got, reply=bytes, errors=ERRORS)
def get(request: Request, account: str, container: str, object: str, query: schemas.Got) -> Reply:
    found = specials.as_web(request, (account, container, object))
    return found or downloads.get(request, account, container, object)


@routes.head(PATH, policy=READERS, mode="live", query=schemas.Got, errors=ERRORS)
def head(request: Request, account: str, container: str, object: str, query: schemas.Got) -> Reply:
    return downloads.head(request, account, container, object)
