"""Which servers are on which host."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.compute.servers.models import servers


def servers_on(tx: Transaction, hosts: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Host → {id, name, busy} of its servers."""
    query = (
        sa.select(servers.c.id, servers.c.name, servers.c.host, servers.c.task_state)
        .where(servers.c.host.in_(list(hosts)), servers.c.deleted_at.is_(None))
        .order_by(servers.c.created_at, servers.c.id)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in tx.all(query):
        said = {"id": row["id"], "name": row["name"], "busy": row["task_state"] is not None}
        found.setdefault(row["host"], []).append(said)
    return found
