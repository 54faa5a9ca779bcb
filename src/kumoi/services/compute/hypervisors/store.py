"""Which servers are on which host."""

from collections.abc import Iterable
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import counts
from kumoi.kernel.database import Transaction
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.models import servers as servers_table


class ServerOnHost(TypedDict):
    id: str
    name: str
    host: str


def servers_on(tx: Transaction, hosts: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Host → {id, name} of its servers."""
    query = (
        sa.select(servers_table.c.id, servers_table.c.name, servers_table.c.host)
        .where(servers_table.c.host.in_(list(hosts)), servers_table.c.deleted_at.is_(None))
        .order_by(servers_table.c.created_at, servers_table.c.id)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in tx.all(query, ServerOnHost):
        found.setdefault(row["host"], []).append({"id": row["id"], "name": row["name"]})
    return found


_AT_WORK = (
    sa.select(servers_table.c.host, sa.func.count())
    .where(
        servers_table.c.host.in_(sa.bindparam("names", expanding=True)),
        servers_table.c.task_state.is_not(None),
        servers_table.c.deleted_at.is_(None),
    )
    .group_by(servers_table.c.host)
)


def counts_on(tx: Transaction, hosts: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Host → number of its servers, and number of those with an active operation."""
    names = list(hosts)
    every = counts.of_holders(tx, servers_store.ON_HOST.name, names)
    at_work = dict(tx.tuples(_AT_WORK, {"names": names}))
    return {name: (every.get(name, 0), at_work.get(name, 0)) for name in names}
