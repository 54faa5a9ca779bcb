"""Hosts with what their servers take."""

from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotBuilt
from kumoi.services.compute.hosts import store as hosts_store
from kumoi.services.compute.hosts.errors import HostNotFound
from kumoi.services.compute.os_hosts.schemas import SERVICE, Amounts, Item, Update
from kumoi.services.compute.servers.models import servers as servers_table
from kumoi.services.compute.services import logic as services
from kumoi.services.placement import facade as placement


def listing(tx: Transaction, zone: str | None, service: str | None) -> list[Item]:
    if service not in (None, "", SERVICE):
        return []
    rows = [row for row in hosts_store.every(tx) if zone in (None, "", row["availability_zone"])]
    return [Item(row["name"], SERVICE, row["availability_zone"]) for row in rows]


def find(tx: Transaction, name: str) -> dict[str, Any]:
    row = hosts_store.find_by_name(tx, name)
    if row is None:
        raise HostNotFound(name)
    return row


def amounts(tx: Transaction, name: str) -> list[Amounts]:
    """What the host has, what is taken of it, and by which project."""
    row = find(tx, name)
    used = placement.usages(tx, row["id"])
    found = [
        Amounts(
            host=name, project="(total)", cpu=row["vcpus"], memory_mb=row["memory_mib"], disk_gb=row["disk_gib"]
        ),
        Amounts(
            host=name, project="(used_now)", cpu=used.get("VCPU", 0), memory_mb=used.get("MEMORY_MB", 0),
            disk_gb=used.get("DISK_GB", 0),
        ),
    ]  # fmt: skip
    by_project = _by_project(tx, name)
    most = [sum(each[position] for each in by_project.values()) for position in range(3)]
    for project, (cpu, memory, disk) in {"(used_max)": tuple(most), **by_project}.items():
        found.append(Amounts(host=name, project=project, cpu=cpu, memory_mb=memory, disk_gb=disk))
    return found


def change(tx: Transaction, name: str, asked: Update) -> str:
    """The service's status afterwards."""
    if asked.status is None and asked.maintenance_mode is None:
        raise BadRequest("Invalid input: status or maintenance_mode is required.")
    row = find(tx, name)
    if asked.maintenance_mode is not None:
        raise NotBuilt("The hypervisors of this cloud have no maintenance mode; disable the service of the host.")
    disabled = asked.status == "disable"
    services.change(tx, row, disabled=disabled)
    return "disabled" if disabled else "enabled"


def _by_project(tx: Transaction, host: str) -> dict[str, tuple[int, int, int]]:
    """Project → vCPUs, MiB and GiB of its servers' flavors."""
    columns = (servers_table.c.project_id, servers_table.c.vcpus, servers_table.c.memory_mib, servers_table.c.flavor)
    query = sa.select(*columns).where(servers_table.c.host == host, servers_table.c.deleted_at.is_(None))
    found: dict[str, tuple[int, int, int]] = {}
    for project, vcpus, memory, flavor in tx.tuples(query):
        cpu, mib, gib = found.get(project, (0, 0, 0))
        found[project] = (cpu + vcpus, mib + memory, gib + flavor["disk"] + flavor["ephemeral"])
    return found
