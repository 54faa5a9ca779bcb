"""Routes of quotas."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.services.network.quotas import logic

routes = Routes()


class Project(msgspec.Struct):
    tenant_id: str | None
    project_id: str | None


class Quota(msgspec.Struct, kw_only=True):
    network: int
    subnet: int
    subnetpool: int
    port: int
    router: int
    floatingip: int
    security_group: int
    security_group_rule: int
    rbac_policy: int
    tenant_id: str | msgspec.UnsetType = msgspec.UNSET
    project_id: str | msgspec.UnsetType = msgspec.UNSET


class Detail(msgspec.Struct):
    limit: int
    used: int
    reserved: int


class Details(msgspec.Struct, kw_only=True):
    network: Detail
    subnet: Detail
    subnetpool: Detail
    port: Detail
    router: Detail
    floatingip: Detail
    security_group: Detail
    security_group_rule: Detail
    rbac_policy: Detail


class QuotaBody(msgspec.Struct, forbid_unknown_fields=True):
    quota: dict[str, Any]


@routes.get("/quotas", policy=policy.admin(), query=Nothing, reply=under("quotas", list[Quota]))
def index(request: Request) -> dict[str, Any]:
    return {"quotas": logic.index(request.tx)}


@routes.get("/quotas/tenant", policy=policy.reader(), reply=under("tenant", Project))
def tenant(request: Request) -> dict[str, Any]:
    """The caller's project. Old clients ask for it before they read its quota."""
    return {"tenant": {"tenant_id": request.who.project_id, "project_id": request.who.project_id}}


@routes.get("/quotas/project", policy=policy.reader(), reply=under("project", Project))
def project(request: Request) -> dict[str, Any]:
    return {"project": {"tenant_id": request.who.project_id, "project_id": request.who.project_id}}


@routes.get("/quotas/{project_id}", policy=policy.reader(), reply=under("quota", Quota))
def show(request: Request, project_id: str) -> dict[str, Any]:
    logic.must_see(request.who, project_id)
    return {"quota": logic.show(request.tx, project_id)}


@routes.get("/quotas/{project_id}/default", policy=policy.reader(), reply=under("quota", Quota))
def show_default(request: Request, project_id: str) -> dict[str, Any]:
    logic.must_see(request.who, project_id)
    return {"quota": logic.defaults()}


@routes.get("/quotas/{project_id}/details", policy=policy.reader(), reply=under("quota", Details))
def details(request: Request, project_id: str) -> dict[str, Any]:
    logic.must_see(request.who, project_id)
    return {"quota": logic.details(request.tx, project_id)}


@routes.put("/quotas/{project_id}", policy=policy.admin(), body=QuotaBody, reply=under("quota", Quota))
def update(request: Request, project_id: str, body: QuotaBody) -> dict[str, Any]:
    return {"quota": logic.update(request.tx, project_id, body.quota)}


@routes.delete("/quotas/{project_id}", policy=policy.admin())
def delete(request: Request, project_id: str) -> None:
    logic.reset(request.tx, project_id)
