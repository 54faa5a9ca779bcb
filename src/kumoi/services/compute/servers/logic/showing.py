"""Reads what is shown of servers besides their rows, for all servers at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.hosts import store as hosts_store
from kumoi.services.compute.server_group_rows import store as server_group_rows_store
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.schemas.shown import Related
from kumoi.services.network.facade import ports


def related(tx: Transaction, rows: Sequence[Mapping[str, Any]], *, admin: bool, alone: bool = False) -> Related:
    """`admin`: with fields that only admins see. `alone`: with what only the reply about one server has."""
    ids = [row["id"] for row in rows]
    if not ids:
        return Related()
    return Related(
        tags=store.tags_of(tx, ids),
        groups=server_group_rows_store.of_servers(tx, ids) if alone else {},
        volumes=block_devices_store.volumes_of_servers(tx, ids),
        ports=ports.of_devices(tx, ids),
        host_status=host_status(tx) if admin else {},
    )


def host_status(tx: Transaction) -> dict[str, str]:
    """Host → UP, MAINTENANCE (no new servers) or DOWN."""
    return {
        row["name"]: "DOWN" if not row["up"] else "MAINTENANCE" if row["disabled"] else "UP"
        for row in hosts_store.every(tx)
    }
