"""Routes of hosts."""

from functools import partial

import msgspec

from kumoi.kernel import clock, policy
from kumoi.kernel.errors import NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.services.block_storage.hosts import logic
from kumoi.services.block_storage.services import live
from kumoi.services.block_storage.services import logic as services

routes = Routes()
VOLUME, BACKUP, ZONE, BACKEND = "cinder-volume", "cinder-backup", "nova", "files"


class Query(msgspec.Struct, kw_only=True):
    zone: str | None = None


class Host(msgspec.Struct, kw_only=True):
    service: str
    host_name: str
    zone: str
    status: str = msgspec.field(name="service-status")
    state: str = msgspec.field(name="service-state")
    last_update: str | None = msgspec.field(name="last-update")


class ListBody(msgspec.Struct):
    hosts: list[Host]


class Resource(msgspec.Struct, kw_only=True):
    """Numbers as text."""

    host: str
    project: str
    volume_count: str
    total_volume_gb: str
    snapshot_count: str
    total_snapshot_gb: str


class Usage(msgspec.Struct):
    resource: Resource


class Body(msgspec.Struct):
    host: list[Usage]


@routes.get("/os-hosts", policy=policy.admin(), mode="live", query=Query, reply=ListBody)
def index(request: Request, query: Query) -> ListBody:
    now, out_of_use = clock.iso_microseconds(clock.now()), request.database.read(services.every)
    found = []
    for host in live.hosts(request):
        row = out_of_use.get(host.name)
        state = "disabled" if row and row["disabled"] else "enabled"
        for service, name, its in ((VOLUME, f"{host.name}@{BACKEND}", state), (BACKUP, host.name, "enabled")):
            found.append(
                Host(
                    service=service, host_name=name, zone=ZONE, status="available" if host.up else "unavailable",
                    state=its, last_update=now if host.up else None,
                )
            )  # fmt: skip
    return ListBody(found if query.zone in (None, ZONE) else [])


@routes.get("/os-hosts/{host_name}", policy=policy.admin(), mode="live", query=Nothing, reply=Body)
def show(request: Request, host_name: str) -> Body:
    host, _, backend = host_name.partition("@")
    if host not in live.names(request) or backend not in ("", BACKEND):
        raise NotFound(f"Host {host_name[:255]} could not be found.")
    return Body(
        [
            Usage(
                Resource(
                    host=host_name, project=each.project, volume_count=str(each.volumes),
                    total_volume_gb=str(each.volumes_gib), snapshot_count=str(each.snapshots),
                    total_snapshot_gb=str(each.snapshots_gib),
                )
            )
            for each in request.database.read(partial(logic.usages, host=host))
        ]
    )  # fmt: skip
