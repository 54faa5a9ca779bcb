"""The SQL of consumers and allocations."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.placement.allocations.models import (
    AllocationOfConsumer,
    AllocationRow,
    ConsumerRow,
    Freed,
    UsedByType,
    allocations,
    consumers,
)
from kumoi.services.placement.inventories import store as inventories_store


def consumer(tx: Transaction, consumer_id: str) -> ConsumerRow | None:
    return tx.row(consumers, id=consumer_id)


def put_consumer(tx: Transaction, consumer_id: str, **values: Any) -> None:
    """A new one has generation 0; `values` change an existing one."""
    if not tx.update(consumers, {"id": consumer_id}, updated_at=tx.now, **values):
        tx.insert(
            consumers,
            **{"id": consumer_id, "generation": 0, "type": None, "created_at": tx.now, "updated_at": tx.now, **values},
        )


def delete_consumer(tx: Transaction, consumer_id: str) -> None:
    clear(tx, consumer_id)
    tx.execute(consumers.delete().where(consumers.c.id == consumer_id))


_CLEAR = (
    allocations.delete()
    .where(allocations.c.consumer_id == sa.bindparam("consumer"))
    .returning(allocations.c.provider_id, allocations.c.resource_class, allocations.c.used)
)


def clear(tx: Transaction, consumer_id: str) -> None:
    gone = tx.all(_CLEAR, Freed, {"consumer": consumer_id})
    if gone:
        inventories_store.count(tx, [{**row, "used": -row["used"]} for row in gone])
        inventories_store.forget_zeros(tx, {row["provider_id"] for row in gone})


def insert_many(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    tx.insert_many(allocations, rows)
    inventories_store.count(tx, rows)


def of_consumers(tx: Transaction, consumer_ids: Iterable[str]) -> list[AllocationRow]:
    order = (allocations.c.consumer_id, allocations.c.provider_id, allocations.c.resource_class)
    return tx.rows(allocations, *order, consumer_id=list(consumer_ids))


def of_provider(tx: Transaction, provider_id: str) -> list[AllocationOfConsumer]:
    return tx.all(
        sa.select(
            allocations,
            consumers.c.generation.label("consumer_generation"),
            consumers.c.project_id,
            consumers.c.user_id,
        )
        .join(consumers)
        .where(allocations.c.provider_id == provider_id)
        .order_by(allocations.c.consumer_id, allocations.c.resource_class),
        AllocationOfConsumer,
    )


def used(
    tx: Transaction, provider_ids: Iterable[str] | None = None, besides: Iterable[str] = ()
) -> dict[str, dict[str, int]]:
    """Provider → resource class → sum. `besides`: consumers to ignore. None: of every provider."""
    found = inventories_store.used(tx, provider_ids)
    left_out = list(besides)
    for row in of_consumers(tx, left_out) if left_out else ():
        provider_id, name = row["provider_id"], row["resource_class"]
        if name in found.get(provider_id, {}):
            found[provider_id][name] -= row["used"]
            if not found[provider_id][name]:
                del found[provider_id][name]
    return found


def added_up(tx: Transaction) -> dict[tuple[str, str], int]:
    """(provider, resource class) → sum, from the allocations themselves."""
    columns = (allocations.c.provider_id, allocations.c.resource_class)
    query = sa.select(*columns, sa.func.sum(allocations.c.used)).group_by(*columns)
    return {(row[0], row[1]): int(row[2]) for row in tx.tuples(query)}


def consumer_ids(tx: Transaction, consumer_type: str | None = None) -> list[str]:
    """All; of a type: those of it and those that have none."""
    query = sa.select(consumers.c.id).order_by(consumers.c.id)
    if consumer_type is not None:
        query = query.where(sa.or_(consumers.c.type == consumer_type, consumers.c.type.is_(None)))
    return tx.column(query)


def consumer_counts(tx: Transaction) -> dict[str, int]:
    """Provider → number of its consumers."""
    query = sa.select(allocations.c.provider_id, sa.func.count(sa.distinct(allocations.c.consumer_id))).group_by(
        allocations.c.provider_id
    )
    return dict(tx.tuples(query))


def sums_of_project(tx: Transaction, project_id: str, user_id: str | None) -> list[UsedByType]:
    """By consumer type and class."""
    query = (
        sa.select(
            consumers.c.type,
            allocations.c.resource_class,
            sa.func.sum(allocations.c.used).label("used"),
        )
        .join(consumers)
        .where(consumers.c.project_id == project_id)
        .group_by(consumers.c.type, allocations.c.resource_class)
    )
    if user_id is not None:
        query = query.where(consumers.c.user_id == user_id)
    return tx.all(query, UsedByType)


def consumers_of_project(tx: Transaction, project_id: str, user_id: str | None) -> dict[str | None, int]:
    """Consumer type → how many consumers."""
    query = sa.select(consumers.c.type, sa.func.count()).where(consumers.c.project_id == project_id)
    if user_id is not None:
        query = query.where(consumers.c.user_id == user_id)
    return dict(tx.tuples(query.group_by(consumers.c.type)))
