"""What projects have on a host."""

from dataclasses import dataclass

from kumoi.kernel.database import Transaction
from kumoi.services.block_storage.hosts import store

TOTAL = "(total)"


@dataclass
class Usage:
    """GiB."""

    project: str
    volumes: int = 0
    volumes_gib: int = 0
    snapshots: int = 0
    snapshots_gib: int = 0


def usages(tx: Transaction, host: str) -> list[Usage]:
    """Of all projects together, then of each."""
    total, found = Usage(TOTAL), dict[str, Usage]()
    for row in store.volumes(tx, host):
        for each in (total, found.setdefault(row["project_id"], Usage(row["project_id"]))):
            each.volumes += row["number"]
            each.volumes_gib += int(row["gib"])
    for row in store.snapshots(tx, host):
        for each in (total, found.setdefault(row["project_id"], Usage(row["project_id"]))):
            each.snapshots += row["number"]
            each.snapshots_gib += int(row["gib"])
    return [total, *(found[project] for project in sorted(found))]
