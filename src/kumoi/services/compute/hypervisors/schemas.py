"""Shapes of hypervisors: docs.openstack.org/api-ref/compute/#hypervisors-os-hypervisors."""

from typing import Annotated, Any

import msgspec

from kumoi.kernel.pagination import Limit
from kumoi.kernel.versions import since, until


class ListQuery(msgspec.Struct, kw_only=True):
    limit: Annotated[Limit | None, since("2.33")] = None
    marker: Annotated[str | None, since("2.33")] = None
    hypervisor_hostname_pattern: Annotated[str | None, since("2.53")] = None
    with_servers: Annotated[bool, since("2.53")] = False


class ShowQuery(msgspec.Struct, kw_only=True):
    with_servers: Annotated[bool, since("2.53")] = False


class Server(msgspec.Struct):
    name: str
    uuid: str


class Service(msgspec.Struct, kw_only=True):
    id: int | str
    host: str
    disabled_reason: str | None


class Link(msgspec.Struct):
    rel: str
    href: str


class Item(msgspec.Struct, kw_only=True):
    id: int | str
    hypervisor_hostname: str
    state: str
    status: str
    servers: list[Server] | msgspec.UnsetType = msgspec.UNSET


class Detail(Item, kw_only=True):
    host_ip: str
    hypervisor_type: str
    hypervisor_version: int
    service: Service
    uptime: Annotated[str | None, since("2.88")] = None
    cpu_info: Annotated[str | dict[str, Any], until("2.87")]
    vcpus: Annotated[int, until("2.87")]
    vcpus_used: Annotated[int, until("2.87")]
    memory_mb: Annotated[int, until("2.87")]
    memory_mb_used: Annotated[int, until("2.87")]
    free_ram_mb: Annotated[int, until("2.87")]
    local_gb: Annotated[int, until("2.87")]
    local_gb_used: Annotated[int, until("2.87")]
    free_disk_gb: Annotated[int, until("2.87")]
    disk_available_least: Annotated[int, until("2.87")]
    current_workload: Annotated[int, until("2.87")]
    running_vms: Annotated[int, until("2.87")]


class Uptime(Item, kw_only=True):
    uptime: str


class ListBody(msgspec.Struct, kw_only=True):
    hypervisors: list[Item]
    hypervisors_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class DetailBody(msgspec.Struct, kw_only=True):
    hypervisors: list[Detail]
    hypervisors_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class ShowBody(msgspec.Struct):
    hypervisor: Detail


def item(row: dict[str, Any], *, by_uuid: bool, with_servers: bool) -> Item:
    return Item(**_brief(row, by_uuid, with_servers))


def uptime(of: Item, found: str) -> Uptime:
    return Uptime(
        id=of.id, hypervisor_hostname=of.hypervisor_hostname, state=of.state, status=of.status, uptime=found
    )  # fmt: skip


def detail(
    row: dict[str, Any], uptime: str | None, address: str, *, by_uuid: bool, cpu_is_an_object: bool, with_servers: bool
) -> Detail:
    return Detail(
        **_brief(row, by_uuid, with_servers),
        host_ip=address,
        uptime=uptime,
        hypervisor_type=row["hypervisor_type"],
        hypervisor_version=row["hypervisor_version"],
        service=Service(id=row["id"] if by_uuid else row["number"], host=row["name"],
                        disabled_reason=row["disabled_reason"]),
        cpu_info=row["cpu"] if cpu_is_an_object else msgspec.json.encode(row["cpu"]).decode(),
        **figures(row),
    )  # fmt: skip


def figures(row: dict[str, Any]) -> dict[str, Any]:
    """The figures that statistics sum up."""
    return {
        "vcpus": row["vcpus"],
        "vcpus_used": row["vcpus_used"],
        "memory_mb": row["memory_mib"],
        "memory_mb_used": row["memory_mib_used"],
        "free_ram_mb": row["memory_mib"] - row["memory_mib_used"],
        "local_gb": row["disk_gib"],
        "local_gb_used": row["disk_gib_used"],
        "free_disk_gb": row["disk_gib"] - row["disk_gib_used"],
        "disk_available_least": int(row["disk_free_gib"]),
        "current_workload": row["busy"],
        "running_vms": row["running"],
    }


def _brief(row: dict[str, Any], by_uuid: bool, with_servers: bool) -> dict[str, Any]:
    listed = [Server(server["name"], server["id"]) for server in row["servers"]] if with_servers else []
    return {
        "id": row["id"] if by_uuid else row["number"],
        "hypervisor_hostname": row["name"],
        "state": "up" if row["up"] else "down",
        "status": "disabled" if row["disabled"] else "enabled",
        "servers": listed or msgspec.UNSET,
    }
