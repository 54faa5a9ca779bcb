"""Which servers are on which host."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.compute.hosts.models import hosts as hosts_table
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


def _count(*conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    live = (servers_table.c.host == hosts_table.c.name, servers_table.c.deleted_at.is_(None))
    return sa.select(sa.func.count()).select_from(servers_table).where(*live, *conditions).scalar_subquery()


_COUNTS = sa.select(hosts_table.c.name, _count(), _count(servers_table.c.task_state.is_not(None))).where(
    hosts_table.c.name.in_(sa.bindparam("names", expanding=True))
)
"""Two counts of index entries, one of all and one of the few with an active operation, take a third of the time of one
pass that groups the rows."""


def counts_on(tx: Transaction, hosts: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Host → number of its servers, and number of those with an active operation."""
    return {row[0]: (row[1], row[2]) for row in tx.tuples(_COUNTS, {"names": list(hosts)})}
