"""The SQL of aggregates."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.compute.aggregate_rows.models import AggregateRow, aggregate_hosts, aggregates
from kumoi.services.compute.hosts.models import hosts as hosts_table


def find(tx: Transaction, number: int) -> AggregateRow | None:
    return tx.row(aggregates, number=number)


def find_by_name(tx: Transaction, name: str) -> AggregateRow | None:
    return tx.row(aggregates, name=name)


def every(tx: Transaction) -> list[AggregateRow]:
    return tx.rows(aggregates, aggregates.c.number)


def insert(tx: Transaction, **values: Any) -> None:
    tx.insert(aggregates, created_at=tx.now, updated_at=None, **values)


def update(tx: Transaction, aggregate_id: str, **values: Any) -> None:
    tx.update(aggregates, {"id": aggregate_id}, updated_at=tx.now, **values)


def delete(tx: Transaction, aggregate_id: str) -> None:
    tx.execute(aggregates.delete().where(aggregates.c.id == aggregate_id))


def hosts_of(tx: Transaction, aggregate_ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Aggregate → id and name of each of its hosts, in the order of registration."""
    query = (
        sa.select(aggregate_hosts.c.aggregate_id, hosts_table.c.id, hosts_table.c.name)
        .join(hosts_table, hosts_table.c.id == aggregate_hosts.c.host_id)
        .where(aggregate_hosts.c.aggregate_id.in_(list(aggregate_ids)))
        .order_by(hosts_table.c.number)
    )
    found: dict[str, dict[str, str]] = {}
    for aggregate_id, host_id, name in tx.tuples(query):
        found.setdefault(aggregate_id, {})[host_id] = name
    return found


def of_hosts(tx: Transaction) -> dict[str, list[AggregateRow]]:
    """Host id → the aggregates that it is in."""
    rows = {row["id"]: row for row in every(tx)}
    found: dict[str, list[AggregateRow]] = {}
    if rows:
        for each in tx.rows(aggregate_hosts):
            found.setdefault(each["host_id"], []).append(rows[each["aggregate_id"]])
    return found


def add_host(tx: Transaction, aggregate_id: str, host_id: str) -> None:
    tx.insert(aggregate_hosts, aggregate_id=aggregate_id, host_id=host_id)


def remove_host(tx: Transaction, aggregate_id: str, host_id: str) -> None:
    where = (aggregate_hosts.c.aggregate_id == aggregate_id, aggregate_hosts.c.host_id == host_id)
    tx.execute(aggregate_hosts.delete().where(*where))
