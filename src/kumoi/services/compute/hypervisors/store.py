"""Which servers are on which host."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.compute.servers.models import servers as servers_table


def servers_on(tx: Transaction, hosts: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Host → {id, name} of its servers."""
    query = (
        sa.select(servers_table.c.id, servers_table.c.name, servers_table.c.host)
        .where(servers_table.c.host.in_(list(hosts)), servers_table.c.deleted_at.is_(None))
        .order_by(servers_table.c.created_at, servers_table.c.id)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in tx.all(query):
        found.setdefault(row["host"], []).append({"id": row["id"], "name": row["name"]})
    return found


def counts_on(tx: Transaction, hosts: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Host → number of its servers, and number of those with an active operation."""
    query = (
        sa.select(servers_table.c.host, sa.func.count(), sa.func.count(servers_table.c.task_state))
        .where(servers_table.c.host.in_(list(hosts)), servers_table.c.deleted_at.is_(None))
        .group_by(servers_table.c.host)
    )
    return {row[0]: (row[1], row[2]) for row in tx.tuples(query)}
