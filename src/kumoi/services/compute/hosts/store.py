"""The SQL of hosts. Rows include `seen_at` and `up`."""

from typing import Any

import sqlalchemy as sa

from kumoi.kernel import patterns
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.services.compute.hosts.models import SILENT_AFTER, heartbeats, hosts

_rows = sa.select(hosts, heartbeats.c.seen_at, heartbeats.c.disk_free_gib).outerjoin(
    heartbeats, heartbeats.c.host_id == hosts.c.id
)
_every = _rows.order_by(hosts.c.number)


def insert(tx: Transaction, **values: Any) -> None:
    tx.insert(hosts, created_at=tx.now, updated_at=tx.now, **values)


def update(tx: Transaction, host_id: str, **values: Any) -> None:
    tx.execute(hosts.update().where(hosts.c.id == host_id).values(updated_at=tx.now, **values))


def beat(tx: Transaction, host_id: str, disk_free_gib: float) -> None:
    tx.upsert(heartbeats, {"host_id": host_id}, {"seen_at": tx.now, "disk_free_gib": disk_free_gib})


def delete(tx: Transaction, host_id: str) -> None:
    tx.execute(heartbeats.delete().where(heartbeats.c.host_id == host_id))
    tx.execute(hosts.delete().where(hosts.c.id == host_id))


def find(tx: Transaction, host_id: str) -> dict[str, Any] | None:
    row = tx.one(_rows.where(hosts.c.id == host_id))
    return _alive(tx, row) if row else None


def find_by_number(tx: Transaction, number: int) -> dict[str, Any] | None:
    row = tx.one(_rows.where(hosts.c.number == number))
    return _alive(tx, row) if row else None


def find_by_name(tx: Transaction, name: str) -> dict[str, Any] | None:
    row = tx.one(_rows.where(hosts.c.name == name))
    return _alive(tx, row) if row else None


def every(tx: Transaction) -> list[dict[str, Any]]:
    """Sorted by registration."""
    return [_alive(tx, row) for row in tx.all(_every)]


def listing(
    tx: Transaction, *, name_like: str | None, marker: dict[str, Any] | None, limit: int | None
) -> list[dict[str, Any]]:
    """`name_like`: a part of the name."""
    query = _rows
    if name_like is not None:
        query = query.where(patterns.contains(hosts.c.name, name_like))
    rows = page(tx, query, sort=[(hosts.c.number, "asc")], marker=marker, limit=limit)
    return [_alive(tx, row) for row in rows]


def _alive(tx: Transaction, row: dict[str, Any]) -> dict[str, Any]:
    row["seen_at"] = row["seen_at"] or 0
    row["disk_free_gib"] = row["disk_free_gib"] or 0.0
    row["up"] = not row["forced_down"] and tx.now - row["seen_at"] <= SILENT_AFTER * SECOND
    return row
