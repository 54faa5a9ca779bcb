"""Routes of services."""

from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock, policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.block_storage.errors import Absent
from kumoi.services.block_storage.services import live

routes = Routes()
BINARY, ZONE, BACKEND = "cinder-volume", "nova", "files"


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
    backend_state: Annotated[str, since("3.49")]


class Body(msgspec.Struct):
    services: list[Service]


@routes.get("/os-services", policy=policy.admin(), mode="live", query=Query, reply=Body)
def index(request: Request, query: Query) -> Body:
    now = clock.iso_microseconds(clock.now())
    services = [
        Service(
            binary=BINARY, host=f"{host.name}@{BACKEND}", zone=ZONE, status="enabled", updated_at=now if host.up else None,
            state="up" if host.up else "down", backend_state="up" if host.up else "down",
        )
        for host in live.hosts(request)
    ]  # fmt: skip
    return Body(
        [
            each
            for each in services
            if query.binary in (None, each.binary) and query.host in (None, each.host, each.host.partition("@")[0])
        ]
    )


@routes.put("/os-services/{action}", policy=policy.admin(), body=dict[str, Any], status=501, errors=(501,))
def change(request: Request, action: str, body: dict[str, Any]) -> Reply:
    raise Absent(f"os-services/{action[:40]}: taking a host's disks out of use")
