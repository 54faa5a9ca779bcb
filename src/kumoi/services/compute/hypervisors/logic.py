"""Hosts and their usage, read with a fixed number of queries."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import MarkerNotFound
from kumoi.services.compute.hosts import store as hosts_store
from kumoi.services.compute.hypervisors import store
from kumoi.services.compute.hypervisors.errors import HypervisorNotFound, NoHypervisorMatches
from kumoi.services.placement import facade as placement


def find(tx: Transaction, hypervisor_id: str, *, with_servers: bool = False) -> dict[str, Any]:
    """By UUID, or by the number that versions before 2.53 use; with its usage."""
    row = _called(tx, hypervisor_id)
    if row is None:
        raise HypervisorNotFound(hypervisor_id)
    return with_usage(tx, [row], with_servers)[0]


def _called(tx: Transaction, hypervisor_id: str) -> dict[str, Any] | None:
    numbered = hypervisor_id.isdecimal() and len(hypervisor_id) < 10
    return hosts_store.find(tx, hypervisor_id) or (
        hosts_store.find_by_number(tx, int(hypervisor_id)) if numbered else None
    )


def listing(
    tx: Transaction, *, pattern: str | None, marker: str | None, limit: int | None, strict: bool = True,
    with_servers: bool = False,
) -> list[dict[str, Any]]:  # fmt: skip
    """`pattern`: a part of the name; `strict`: when none matches, that is an error."""
    after = None
    if marker is not None:
        after = _called(tx, marker)
        if after is None:
            raise MarkerNotFound(f"marker [{marker[:255]}] not found")
    rows = hosts_store.listing(tx, name_like=pattern, marker=after, limit=limit)
    if pattern is not None and not rows and strict:
        raise NoHypervisorMatches(pattern)
    return with_usage(tx, rows, with_servers)


def with_usage(tx: Transaction, rows: list[dict[str, Any]], with_servers: bool) -> list[dict[str, Any]]:
    """Rows with `running`, `busy`, `vcpus_used`, `memory_mib_used`, `disk_gib_used`, and `servers`. The latter is empty
    unless requested, because a host may have very many."""
    used = placement.usages_of(tx, [row["id"] for row in rows])
    room = placement.inventories(tx, [row["id"] for row in rows])
    names = [row["name"] for row in rows]
    counts, on = store.counts_on(tx, names), store.servers_on(tx, names) if with_servers else {}
    for row in rows:
        mine, has = used.get(row["id"], {}), room.get(row["id"], {})
        row["running"], row["busy"] = counts.get(row["name"], (0, 0))
        row["servers"] = on.get(row["name"], [])
        # Memory and disk that are reserved for the host count as used, as in Nova.
        for field, name in (("vcpus_used", "VCPU"), ("memory_mib_used", "MEMORY_MB"), ("disk_gib_used", "DISK_GB")):
            row[field] = mine.get(name, 0) + (has[name].reserved if name in has else 0)
    return rows
