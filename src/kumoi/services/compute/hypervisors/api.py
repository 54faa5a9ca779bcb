"""Routes of hypervisors."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.database import Transaction
from kumoi.kernel.http import Request
from kumoi.kernel.pagination import full
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import until
from kumoi.services.compute.hypervisors import live, logic, schemas

routes = Routes()


class Statistics(msgspec.Struct, kw_only=True):
    count: int
    vcpus: int
    vcpus_used: int
    memory_mb: int
    memory_mb_used: int
    free_ram_mb: int
    local_gb: int
    local_gb_used: int
    free_disk_gb: int
    disk_available_least: int
    running_vms: int
    current_workload: int


def _following(request: Request, query: schemas.ListQuery, rows: list[dict[str, Any]]) -> Any:
    if not full(rows, query.limit):
        return msgspec.UNSET
    last = rows[-1]["id"] if request.behaves("hosts are called by UUID") else rows[-1]["number"]
    return [schemas.Link("next", request.link_after(str(last)))]


def _rows(tx: Transaction, query: schemas.ListQuery) -> list[dict[str, Any]]:
    return logic.listing(
        tx, pattern=query.hypervisor_hostname_pattern, marker=query.marker, limit=query.limit,
        with_servers=query.with_servers,
    )  # fmt: skip


def _item(request: Request, row: dict[str, Any], with_servers: bool) -> schemas.Item:
    return schemas.item(row, by_uuid=request.behaves("hosts are called by UUID"), with_servers=with_servers)


def _uptimes(request: Request, rows: list[dict[str, Any]]) -> dict[str, str | None]:
    """Only the versions that show them ask the hosts."""
    return live.uptimes(request, [row["name"] for row in rows]) if request.behaves("hypervisors show uptime") else {}


def _detail(
    request: Request, row: dict[str, Any], with_servers: bool, uptimes: dict[str, str | None]
) -> schemas.Detail:
    return schemas.detail(
        row, uptimes.get(row["name"]), request.settings.local_address,
        by_uuid=request.behaves("hosts are called by UUID"), with_servers=with_servers,
        cpu_is_an_object=request.behaves("cpu_info is an object"),
    )  # fmt: skip


@routes.get("/os-hypervisors", policy=policy.admin(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    rows = _rows(request.tx, query)
    return schemas.ListBody(
        hypervisors=[_item(request, row, query.with_servers) for row in rows],
        hypervisors_links=_following(request, query, rows),
    )


@routes.get(
    "/os-hypervisors/detail", policy=policy.admin(), mode="live", query=schemas.ListQuery, reply=schemas.DetailBody
)
def detail(request: Request, query: schemas.ListQuery) -> schemas.DetailBody:
    rows = request.database.read(lambda tx: _rows(tx, query))
    uptimes = _uptimes(request, rows)
    return schemas.DetailBody(
        hypervisors=[_detail(request, row, query.with_servers, uptimes) for row in rows],
        hypervisors_links=_following(request, query, rows),
    )


@routes.get(
    "/os-hypervisors/statistics",
    policy=policy.admin(),
    versions=until("2.87"),
    reply=under("hypervisor_statistics", Statistics),
)
def statistics(request: Request) -> dict[str, Any]:
    every = [schemas.figures(row) for row in logic.listing(request.tx, pattern=None, marker=None, limit=None)]
    names = every[0] if every else schemas.figures(
        dict.fromkeys(
            ("vcpus", "vcpus_used", "memory_mib", "memory_mib_used", "disk_gib", "disk_gib_used", "disk_free_gib", "busy",
             "running"), 0
        )
    )  # fmt: skip
    totals = {name: sum(figures[name] for figures in every) for name in names}
    return {"hypervisor_statistics": {"count": len(every), **totals}}


@routes.get(
    "/os-hypervisors/{hypervisor_id}",
    policy=policy.admin(),
    mode="live",
    query=schemas.ShowQuery,
    reply=schemas.ShowBody,
)
def show(request: Request, hypervisor_id: str, query: schemas.ShowQuery) -> schemas.ShowBody:
    found = request.database.read(lambda tx: logic.find(tx, hypervisor_id, with_servers=query.with_servers))
    return schemas.ShowBody(_detail(request, found, query.with_servers, _uptimes(request, [found])))


@routes.get(
    "/os-hypervisors/{hypervisor_id}/uptime", policy=policy.admin(), mode="live", versions=until("2.87"),
    reply=under("hypervisor", schemas.Uptime),
)  # fmt: skip
def uptime(request: Request, hypervisor_id: str) -> dict[str, Any]:
    row = request.database.read(lambda tx: logic.find(tx, hypervisor_id))
    return {"hypervisor": schemas.uptime(_item(request, row, False), live.uptime(request, row["name"]))}


@routes.get(
    "/os-hypervisors/{hypervisor_id}/search",
    policy=policy.admin(),
    query=Nothing,
    versions=until("2.52"),
    reply=under("hypervisors", list[schemas.Item]),
)
def search(request: Request, hypervisor_id: str) -> dict[str, Any]:
    rows = logic.listing(request.tx, pattern=hypervisor_id, marker=None, limit=None)
    return {"hypervisors": [_item(request, row, False) for row in rows]}


@routes.get(
    "/os-hypervisors/{hypervisor_id}/servers",
    policy=policy.admin(),
    query=Nothing,
    versions=until("2.52"),
    reply=under("hypervisors", list[schemas.Item]),
)
def servers(request: Request, hypervisor_id: str) -> dict[str, Any]:
    rows = logic.listing(request.tx, pattern=hypervisor_id, marker=None, limit=None, with_servers=True)
    return {"hypervisors": [_item(request, row, True) for row in rows]}
