"""Routes of services."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import during, since, until
from kumoi.services.compute.services import logic, schemas

routes = Routes()


class Changed(msgspec.Struct, kw_only=True):
    """The reply of versions before 2.53: the service, and what was changed."""

    host: str
    binary: str
    status: str | msgspec.UnsetType = msgspec.UNSET
    disabled_reason: str | msgspec.UnsetType = msgspec.UNSET
    forced_down: bool | msgspec.UnsetType = msgspec.UNSET


def _service(request: Request, row: dict[str, Any]) -> schemas.Service:
    return schemas.service(row, by_uuid=request.behaves("hosts are called by UUID"))


@routes.get("/os-services", policy=policy.admin(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    return schemas.ListBody([_service(request, row) for row in logic.listing(request.tx, query.host, query.binary)])


@routes.put(
    "/os-services/enable",
    policy=policy.admin(),
    body=schemas.Named,
    versions=until("2.52"),
    reply=under("service", Changed),
)
def enable(request: Request, body: schemas.Named) -> dict[str, Any]:
    logic.change(request.tx, logic.by_name(request.tx, body.host, body.binary), disabled=False)
    return {"service": {"host": body.host, "binary": body.binary, "status": "enabled"}}


@routes.put(
    "/os-services/disable",
    policy=policy.admin(),
    body=schemas.Named,
    versions=until("2.52"),
    reply=under("service", Changed),
)
def disable(request: Request, body: schemas.Named) -> dict[str, Any]:
    logic.change(request.tx, logic.by_name(request.tx, body.host, body.binary), disabled=True)
    return {"service": {"host": body.host, "binary": body.binary, "status": "disabled"}}


@routes.put(
    "/os-services/disable-log-reason",
    policy=policy.admin(),
    body=schemas.NamedWithReason,
    versions=until("2.52"),
    reply=under("service", Changed),
)
def disable_log_reason(request: Request, body: schemas.NamedWithReason) -> dict[str, Any]:
    row = logic.by_name(request.tx, body.host, body.binary)
    logic.change(request.tx, row, disabled=True, reason=body.disabled_reason)
    return {
        "service": {
            "host": body.host, "binary": body.binary, "status": "disabled", "disabled_reason": body.disabled_reason,
        }
    }  # fmt: skip


@routes.put(
    "/os-services/force-down",
    policy=policy.admin(),
    body=schemas.NamedForcedDown,
    versions=during("2.11", "2.52"),
    reply=under("service", Changed),
)
def force_down(request: Request, body: schemas.NamedForcedDown) -> dict[str, Any]:
    row = logic.by_name(request.tx, body.host, body.binary)
    logic.change(request.tx, row, forced_down=body.forced_down)
    return {"service": {"host": body.host, "binary": body.binary, "forced_down": body.forced_down}}


@routes.put(
    "/os-services/{service_id}", policy=policy.admin(), body=schemas.Update, reply=schemas.ShowBody,
    versions=since("2.53"),
)  # fmt: skip
def update(request: Request, service_id: str, body: schemas.Update) -> schemas.ShowBody:
    row = logic.change(
        request.tx, logic.by_id(request.tx, service_id),
        disabled=None if body.status is None else body.status == "disabled", reason=body.disabled_reason,
        forced_down=body.forced_down,
    )  # fmt: skip
    return schemas.ShowBody(_service(request, row))


@routes.delete("/os-services/{service_id}", policy=policy.admin(), errors=(409,))
def delete(request: Request, service_id: str) -> Reply:
    by_uuid = request.behaves("hosts are called by UUID")
    row = logic.by_id(request.tx, service_id) if by_uuid else logic.by_number(request.tx, service_id)
    logic.delete(request.tx, row)
    return Reply()
