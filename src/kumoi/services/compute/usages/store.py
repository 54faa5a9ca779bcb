"""Servers that existed in a period of time: those with a row, and those whose rows are gone."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.compute.past_servers.models import past_servers as past_servers_table
from kumoi.services.compute.servers.models import VmState
from kumoi.services.compute.servers.models import servers as servers_table


class Existed(TypedDict):
    id: str
    project_id: str
    name: str
    flavor_name: str
    vcpus: int
    memory_mib: int
    disk_gib: int
    launched_at: int
    terminated_at: int | None
    vm_state: str


def existed(
    tx: Transaction, begin: int, end: int, *, project_id: str | None, after: tuple[str, str] | None, limit: int | None
) -> list[Existed]:
    """By project and id. `after`: the project and id of the last server of the page before."""
    found: list[Existed] = []
    for row in _rows(tx, servers_table, begin, end, project_id, after, limit):
        flavor = row["flavor"]
        found.append(
            Existed(
                id=row["id"], project_id=row["project_id"], name=row["name"], flavor_name=flavor["name"],
                vcpus=row["vcpus"], memory_mib=row["memory_mib"], disk_gib=flavor["disk"] + flavor["ephemeral"],
                launched_at=row["launched_at"], terminated_at=row["terminated_at"], vm_state=row["vm_state"],
            )
        )  # fmt: skip
    for row in _rows(tx, past_servers_table, begin, end, project_id, after, limit):
        found.append(Existed(**row, vm_state=VmState.DELETED))  # type: ignore[typeddict-item]
    found.sort(key=lambda row: (row["project_id"], row["id"]))
    return found if limit is None else found[:limit]


def project_of(tx: Transaction, server_id: str) -> str | None:
    """Of a server that exists or existed."""
    for table in (servers_table, past_servers_table):
        found: str | None = tx.scalar(sa.select(table.c.project_id).where(table.c.id == server_id))
        if found is not None:
            return found
    return None


def _rows(
    tx: Transaction, table: sa.Table, begin: int, end: int, project_id: str | None, after: tuple[str, str] | None,
    limit: int | None,
) -> list[dict[str, Any]]:  # fmt: skip
    columns = ("id", "project_id", "name", "vcpus", "memory_mib", "launched_at", "terminated_at")
    own = ("flavor", "vm_state") if table is servers_table else ("flavor_name", "disk_gib")
    query = (
        sa.select(*(table.c[name] for name in (*columns, *own)))
        .where(
            table.c.launched_at < end,
            sa.or_(table.c.terminated_at.is_(None), table.c.terminated_at > begin),
        )
        .order_by(table.c.project_id, table.c.id)
    )
    if project_id is not None:
        query = query.where(table.c.project_id == project_id)
    if after is not None:
        query = query.where(sa.tuple_(table.c.project_id, table.c.id) > sa.tuple_(*map(sa.literal, after)))
    return tx.all(query if limit is None else query.limit(limit))
