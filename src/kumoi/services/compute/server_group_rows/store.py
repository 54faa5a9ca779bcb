"""The SQL of server groups, and their quotas."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.quotas import Quota, nothing
from kumoi.services.compute.server_group_rows.models import ServerGroupRow, server_group_members, server_groups

SERVER_GROUPS = Quota("compute", "server_groups", 10, Count("compute.server_groups", server_groups.c.project_id))
SERVER_GROUP_MEMBERS = Quota("compute", "server_group_members", 10, nothing)
"""Of each group."""


def find(tx: Transaction, group_id: str) -> ServerGroupRow | None:
    return tx.row(server_groups, id=group_id)


def insert(tx: Transaction, row: ServerGroupRow) -> None:
    tx.insert_row(server_groups, row)


def delete(tx: Transaction, group_id: str) -> None:
    """Its members are servers without a group from now on."""
    tx.execute(server_group_members.delete().where(server_group_members.c.group_id == group_id))
    tx.execute(server_groups.delete().where(server_groups.c.id == group_id))


def listing(tx: Transaction, project_id: str | None, *, limit: int, offset: int) -> list[ServerGroupRow]:
    """In the order of their creation. `project_id` None: of all projects."""
    query = sa.select(server_groups).order_by(server_groups.c.created_at, server_groups.c.id)
    if project_id is not None:
        query = query.where(server_groups.c.project_id == project_id)
    return tx.all(query.limit(limit).offset(offset), ServerGroupRow)


def members_of(tx: Transaction, group_ids: Iterable[str]) -> dict[str, list[str]]:
    """Group → its servers."""
    found: dict[str, list[str]] = {}
    for row in tx.rows(server_group_members, server_group_members.c.server_id, group_id=list(group_ids)):
        found.setdefault(row["group_id"], []).append(row["server_id"])
    return found


def of_servers(tx: Transaction, server_ids: Sequence[str]) -> dict[str, str]:
    """Server → its group; servers without one are missing."""
    return {row["server_id"]: row["group_id"] for row in tx.rows(server_group_members, server_id=list(server_ids))}


def join(tx: Transaction, group_id: str, server_id: str) -> None:
    tx.insert(server_group_members, group_id=group_id, server_id=server_id)


def leave(tx: Transaction, server_id: str) -> None:
    """Does nothing for a server without a group."""
    tx.execute(server_group_members.delete().where(server_group_members.c.server_id == server_id))
