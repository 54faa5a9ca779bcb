"""Routes of quota sets and of the defaults, which the API calls a quota class."""

from typing import Any

from kumoi.kernel import policy, quotas
from kumoi.kernel.errors import NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.quota_sets import logic, schemas

routes = Routes()
PATH = "/os-quota-sets/{owner_id}"
CLASS = "/os-quota-class-sets/{name}"
IGNORED = ("id", "tenant_id", "force", "skip_validation")


@routes.get(
    PATH, policy=policy.reader(), query=schemas.Query, reply=under("quota_set", dict[str, str | int | schemas.Usage])
)
def show(request: Request, owner_id: str, query: schemas.Query) -> dict[str, Any]:
    logic.may_see(request.who, owner_id)
    if listing.truth(query.usage, "usage", False):
        return {"quota_set": {"id": owner_id, **logic.usages(request.tx, owner_id)}}
    return {"quota_set": {"id": owner_id, **logic.limits(request.tx, owner_id)}}


@routes.get(f"{PATH}/defaults", policy=policy.reader(), query=Nothing, reply=under("quota_set", dict[str, str | int]))
def defaults(request: Request, owner_id: str) -> dict[str, Any]:
    logic.may_see(request.who, owner_id)
    return {"quota_set": {"id": owner_id, **logic.defaults(request.tx)}}


@routes.put(PATH, policy=policy.admin(), body=schemas.UpdateBody, reply=under("quota_set", dict[str, str | int]))
def update(request: Request, owner_id: str, body: schemas.UpdateBody) -> dict[str, Any]:
    values = {name: value for name, value in body.quota_set.items() if name not in IGNORED}
    logic.change(request.tx, owner_id, values)
    return {"quota_set": logic.limits(request.tx, owner_id)}


@routes.delete(PATH, policy=policy.admin(), status=200)
def delete(request: Request, owner_id: str) -> Reply:
    logic.reset(request.tx, owner_id)
    return Reply()


@routes.get(CLASS, policy=policy.admin(), reply=under("quota_class_set", dict[str, str | int]))
def show_class(request: Request, name: str) -> dict[str, Any]:
    return {"quota_class_set": {"id": name, **logic.defaults(request.tx)}}


@routes.put(CLASS, policy=policy.admin(), body=schemas.ClassBody, reply=under("quota_class_set", dict[str, str | int]))
def update_class(request: Request, name: str, body: schemas.ClassBody) -> dict[str, Any]:
    if name != "default":
        raise NotFound(f"There is no quota class {name[:255]}; the only one is `default`.")
    values = {key: value for key, value in body.quota_class_set.items() if key not in (*IGNORED, "class_name")}
    logic.change(request.tx, quotas.EVERYBODY, values)
    return {"quota_class_set": logic.defaults(request.tx)}
