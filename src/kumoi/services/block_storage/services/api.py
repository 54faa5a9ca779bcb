"""Routes of services: the parts of each host that store volumes and backups."""

from typing import Annotated

import msgspec

from kumoi.kernel import clock, policy
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.versions import since
from kumoi.services.block_storage.errors import Absent, InvalidInput
from kumoi.services.block_storage.services import live, logic

routes = Routes()
VOLUME, BACKUP, ZONE, BACKEND = "cinder-volume", "cinder-backup", "nova", "files"
Text = Annotated[str, msgspec.Meta(max_length=255)]


class Query(msgspec.Struct, kw_only=True):
    host: str | None = None
    binary: str | None = None


class Service(msgspec.Struct, kw_only=True):
    """`updated_at`: now for a host that answers, otherwise None."""

    binary: str
    host: str
    zone: str
    status: str
    state: str
    updated_at: str | None
    disabled_reason: str | None = None
    cluster: Annotated[str | None, since("3.7")] = None
    replication_status: str = "disabled"
    active_backend_id: str | None = None
    frozen: bool = False
    backend_state: Annotated[str | msgspec.UnsetType, since("3.49")] = msgspec.UNSET


class Body(msgspec.Struct):
    services: list[Service]


class Change(msgspec.Struct, kw_only=True):
    host: Text | None = None
    binary: Text | None = None
    service: Text | None = None
    """An old name of `binary`."""
    disabled_reason: Text | None = None


class Changed(msgspec.Struct, kw_only=True):
    """Nothing of it, for a host that was frozen or thawed."""

    host: str | msgspec.UnsetType = msgspec.UNSET
    service: str | msgspec.UnsetType = msgspec.UNSET
    binary: str | msgspec.UnsetType = msgspec.UNSET
    status: str | msgspec.UnsetType = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET
    disabled_reason: str | msgspec.UnsetType | None = msgspec.UNSET


@routes.get("/os-services", policy=policy.admin(), mode="live", query=Query, reply=Body)
def index(request: Request, query: Query) -> Body:
    now = clock.iso_microseconds(clock.now())
    out_of_use = request.database.read(logic.every)
    services = []
    for host in live.hosts(request):
        row, state = out_of_use.get(host.name), "up" if host.up else "down"
        services.append(
            Service(
                binary=VOLUME, host=f"{host.name}@{BACKEND}", zone=ZONE, updated_at=now if host.up else None,
                status="disabled" if row and row["disabled"] else "enabled", state=state, backend_state=state,
                disabled_reason=row["disabled_reason"] if row else None, frozen=bool(row and row["frozen"]),
            )
        )  # fmt: skip
        services.append(
            Service(
                binary=BACKUP, host=host.name, zone=ZONE, updated_at=now if host.up else None, status="enabled",
                state=state,
            )
        )  # fmt: skip
    return Body(
        [
            each
            for each in services
            if query.binary in (None, each.binary) and query.host in (None, each.host, each.host.partition("@")[0])
        ]
    )


@routes.put(
    "/os-services/{action}", policy=policy.admin(), body=Change, reply=Changed, before=live.names, errors=(501,)
)
def change(request: Request, action: str, body: Change, prepared: list[str]) -> Changed:
    host = (body.host or "").partition("@")[0]
    if action in ("freeze", "thaw"):
        if host not in prepared:
            raise BadRequest(f"Host {(body.host or '')[:255]} could not be found.")
        logic.set_frozen(request.tx, host, frozen=action == "freeze")
        return Changed()
    if action not in ("enable", "disable", "disable-log-reason"):
        raise Absent(f"os-services/{action[:40]}: this change of a service")
    reason = logic.checked_reason(body.disabled_reason) if action == "disable-log-reason" else None
    binary = body.binary or body.service
    if not body.host or not binary:
        raise InvalidInput("host and binary must be given.")
    if host not in prepared or binary != VOLUME:
        raise NotFound(f"Service {binary} could not be found on host {body.host}.")
    enabled = action == "enable"
    logic.set_enabled(request.tx, host, enabled=enabled, reason=reason)
    return Changed(
        host=body.host, service=binary, binary=binary, status="enabled" if enabled else "disabled",
        disabled=not enabled, disabled_reason=reason if action != "disable" else msgspec.UNSET,
    )  # fmt: skip
