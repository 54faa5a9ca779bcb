"""The SQL of servers, and the counts of their rows, for quotas and hosts."""

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.clock import SECOND
from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import subjects
from kumoi.kernel.pagination import page
from kumoi.kernel.quotas import Quota
from kumoi.services.compute.flavors.models import FlavorCopy
from kumoi.services.compute.past_servers import store as past_servers_store
from kumoi.services.compute.past_servers.models import PastServerRow
from kumoi.services.compute.servers.models import RETENTION, ServerRow, VmState, servers, tags

LIVE = servers.c.deleted_at.is_(None)


class PowerOfServer(TypedDict):
    """What the power sweep compares."""

    id: str
    vm_state: str
    task_state: str | None
    power_state: int
    updated_at: int


class LiveServer(TypedDict):
    """What the audit compares."""

    id: str
    host: str | None
    vm_state: str
    task_state: str | None
    power_state: int
    flavor: FlavorCopy


def insert(tx: Transaction, **values: Any) -> None:
    tx.insert(servers, created_at=tx.now, updated_at=tx.now, **values)


def find(tx: Transaction, server_id: str, *, deleted: bool = False) -> ServerRow | None:
    """`deleted`: also a deleted server within its retention."""
    row = tx.row(servers, id=server_id)
    return None if row is None or (row["deleted_at"] is not None and not deleted) else row


def update(tx: Transaction, server_id: str, **values: Any) -> None:
    tx.update(servers, {"id": server_id}, **{"updated_at": tx.now, **values})


def listing(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    *,
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: ServerRow | None,
    limit: int | None,
) -> list[ServerRow]:
    return page(tx, sa.select(servers).where(*conditions), ServerRow, sort=sort, marker=marker, limit=limit)


def tags_of(tx: Transaction, server_ids: Iterable[str]) -> dict[str, list[str]]:
    """Server → its tags, sorted."""
    found: dict[str, list[str]] = {}
    for row in tx.rows(tags, tags.c.tag, server_id=list(server_ids)):
        found.setdefault(row["server_id"], []).append(row["tag"])
    return found


def replace_tags(tx: Transaction, server_id: str, wanted: Iterable[str]) -> None:
    tx.execute(tags.delete().where(tags.c.server_id == server_id))
    tx.insert_many(tags, [{"server_id": server_id, "tag": tag} for tag in dict.fromkeys(wanted)])


def tagged(every: Sequence[str], any_of: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    """Conditions: has each tag of `every`, and at least one of `any_of` (when that is not empty)."""
    conditions: list[sa.ColumnElement[bool]] = [
        servers.c.id.in_(sa.select(tags.c.server_id).where(tags.c.tag == tag)) for tag in every
    ]
    if any_of:
        conditions.append(servers.c.id.in_(sa.select(tags.c.server_id).where(tags.c.tag.in_(any_of))))
    return conditions


def on_host(tx: Transaction, host: str) -> list[PowerOfServer]:
    """Live servers whose guest is, or may be, on the host; only the columns for the power sweep."""
    columns = (servers.c.id, servers.c.vm_state, servers.c.task_state, servers.c.power_state, servers.c.updated_at)
    return tx.all(sa.select(*columns).where(servers.c.host == host, LIVE), PowerOfServer)


def every_live(tx: Transaction) -> list[LiveServer]:
    """Only the columns for the audit."""
    columns = (servers.c.id, servers.c.host, servers.c.vm_state, servers.c.task_state, servers.c.power_state,
               servers.c.flavor)  # fmt: skip
    return tx.all(sa.select(*columns).where(LIVE), LiveServer)


def at_work(tx: Transaction) -> set[str]:
    """Ids of servers that an operation holds."""
    found = tx.column(sa.select(subjects.c.subject).where(subjects.c.active, subjects.c.subject.like("server/%")))
    return {subject.partition("/")[2] for subject in found}


def hosts_of(tx: Transaction, server_ids: Iterable[str], project_id: str | None = None) -> dict[str, str | None]:
    """Server → its host, of those that are not deleted. `project_id` None: of any project."""
    query = sa.select(servers.c.id, servers.c.host).where(servers.c.id.in_(list(server_ids)), LIVE)
    if project_id is not None:
        query = query.where(servers.c.project_id == project_id)
    return {row[0]: row[1] for row in tx.tuples(query)}


def shelved_before(tx: Transaction, instant: int) -> list[str]:
    """The ids of servers that were shelved before that, and still are on their host."""
    there = (servers.c.vm_state == VmState.SHELVED, servers.c.shelved_at < instant, LIVE)
    return tx.column(sa.select(servers.c.id).where(*there).order_by(servers.c.created_at, servers.c.id))


def forget_deleted(tx: Transaction) -> int:
    """Delete the rows whose retention is over. What the usage of their projects needs is kept longer."""
    due = servers.c.deleted_at < tx.now - RETENTION * SECOND
    rows = tx.all(sa.select(servers).where(due), ServerRow)
    past_servers_store.keep(tx, [past for row in rows if (past := _past(row)) is not None])
    past_servers_store.forget_old(tx)
    return tx.changed(servers.delete().where(due))


def _past(row: ServerRow) -> PastServerRow | None:
    """None: it never ran."""
    launched, ended, flavor = row["launched_at"], row["terminated_at"] or row["deleted_at"], row["flavor"]
    if launched is None or ended is None:
        return None
    return PastServerRow(
        id=row["id"], project_id=row["project_id"], name=row["name"], flavor_name=flavor["name"], vcpus=row["vcpus"],
        memory_mib=row["memory_mib"], disk_gib=flavor["disk"] + flavor["ephemeral"], launched_at=launched,
        terminated_at=ended,
    )  # fmt: skip


_OF_PROJECT = servers.c.project_id
INSTANCES = Quota("compute", "instances", 10, Count("compute.instances", _OF_PROJECT, where=LIVE))
CORES = Quota("compute", "cores", 20, Count("compute.cores", _OF_PROJECT, servers.c.vcpus, LIVE))
RAM = Quota("compute", "ram", 51200, Count("compute.ram", _OF_PROJECT, servers.c.memory_mib, LIVE))
ON_HOST = Count("compute.servers_on_host", servers.c.host, where=LIVE)
