"""Shapes of usages: docs.openstack.org/api-ref/compute/#usage-reports-os-simple-tenant-usage."""

from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.clock import SECOND
from kumoi.kernel.pagination import Limit
from kumoi.kernel.shapes import partial
from kumoi.kernel.versions import since
from kumoi.services.compute.servers.models import VmState
from kumoi.services.compute.usages.logic import Usage
from kumoi.services.compute.usages.store import Existed


class Query(msgspec.Struct, kw_only=True):
    start: str | None = None
    end: str | None = None
    limit: Annotated[Limit | None, since("2.40")] = None
    marker: Annotated[str | None, since("2.40")] = None


class ListQuery(Query, kw_only=True):
    detailed: str | None = None


class Link(msgspec.Struct):
    rel: str
    href: str


class OfServer(msgspec.Struct, kw_only=True):
    instance_id: str
    name: str
    tenant_id: str
    flavor: str
    vcpus: int
    memory_mb: int
    local_gb: int
    hours: float
    uptime: int
    """Seconds."""
    started_at: str
    ended_at: str | None
    state: str


class OfProject(msgspec.Struct, kw_only=True):
    tenant_id: str
    start: str
    stop: str
    total_hours: float
    total_vcpus_usage: float
    total_memory_mb_usage: float
    total_local_gb_usage: float
    server_usages: list[OfServer] | msgspec.UnsetType = msgspec.UNSET


PartOfProject: Any = partial(OfProject)


class ListBody(msgspec.Struct, kw_only=True):
    tenant_usages: list[OfProject]
    tenant_usages_links: Annotated[list[Link] | msgspec.UnsetType, since("2.40")] = msgspec.UNSET


class Body(msgspec.Struct, kw_only=True):
    tenant_usage: PartOfProject
    """Empty: the project had no server in the period."""
    tenant_usage_links: Annotated[list[Link] | msgspec.UnsetType, since("2.40")] = msgspec.UNSET


def usage(found: Usage, now: int, *, detailed: bool) -> OfProject:
    return OfProject(
        tenant_id=found.project_id, start=clock.iso_microseconds(found.period.begin),
        stop=clock.iso_microseconds(found.period.end), total_hours=found.total(lambda row: 1),
        total_vcpus_usage=found.total(lambda row: row["vcpus"]),
        total_memory_mb_usage=found.total(lambda row: row["memory_mib"]),
        total_local_gb_usage=found.total(lambda row: row["disk_gib"]),
        server_usages=[_server(found, row, now) for row in found.servers] if detailed else msgspec.UNSET,
    )  # fmt: skip


def _server(found: Usage, row: Existed, now: int) -> OfServer:
    ended = row["terminated_at"]
    return OfServer(
        instance_id=row["id"], name=row["name"], tenant_id=row["project_id"], flavor=row["flavor_name"],
        vcpus=row["vcpus"], memory_mb=row["memory_mib"], local_gb=row["disk_gib"], hours=found.hours(row),
        uptime=max(0, (now if ended is None else ended) - row["launched_at"]) // SECOND,
        started_at=clock.iso_microseconds(row["launched_at"]),
        ended_at=None if ended is None else clock.iso_microseconds(ended),
        state="terminated" if row["vm_state"] == VmState.DELETED else row["vm_state"],
    )  # fmt: skip
