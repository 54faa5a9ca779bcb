"""The SQL of inventories."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import INSERT, Transaction
from kumoi.services.placement.inventories.models import InventoryRow, inventories, totals


def of_provider(tx: Transaction, provider_id: str) -> dict[str, InventoryRow]:
    """Resource class → row."""
    rows = tx.rows(inventories, inventories.c.resource_class, provider_id=provider_id)
    return {row["resource_class"]: row for row in rows}


def of_providers(tx: Transaction, provider_ids: Iterable[str]) -> dict[str, dict[str, InventoryRow]]:
    """Provider → resource class → row; providers without inventory are left out."""
    found: dict[str, dict[str, InventoryRow]] = {}
    for row in tx.rows(inventories, provider_id=list(provider_ids)):
        found.setdefault(row["provider_id"], {})[row["resource_class"]] = row
    return found


def providers_with(tx: Transaction, resource_classes: Iterable[str]) -> set[str]:
    """Providers that have any of the classes."""
    return {row["provider_id"] for row in tx.rows(inventories, resource_class=list(resource_classes))}


def put(tx: Transaction, provider_id: str, resource_class: str, values: Mapping[str, Any]) -> None:
    tx.upsert(
        inventories,
        {"provider_id": provider_id, "resource_class": resource_class},
        {**values, "updated_at": tx.now},
    )


def delete(tx: Transaction, provider_id: str, resource_classes: Iterable[str] | None = None) -> int:
    """Those classes, or all."""
    query = inventories.delete().where(inventories.c.provider_id == provider_id)
    if resource_classes is not None:
        query = query.where(inventories.c.resource_class.in_(list(resource_classes)))
    return tx.changed(query)


def class_used(tx: Transaction, resource_class: str) -> bool:
    found = sa.select(inventories.c.provider_id).where(inventories.c.resource_class == resource_class)
    return tx.scalar(found.limit(1)) is not None


def every(tx: Transaction) -> dict[str, dict[str, InventoryRow]]:
    """Provider → resource class → row, of all providers."""
    found: dict[str, dict[str, InventoryRow]] = {}
    for row in tx.all(sa.select(inventories), InventoryRow):
        found.setdefault(row["provider_id"], {})[row["resource_class"]] = row
    return found


def _counting(dialect: str) -> sa.Executable:
    first = INSERT[dialect](totals)
    statement: sa.Executable = first.on_conflict_do_update(
        index_elements=["provider_id", "resource_class"], set_={"used": totals.c.used + first.excluded.used}
    )
    return statement


_COUNT = {dialect: _counting(dialect) for dialect in INSERT}
_NOTHING_LEFT = totals.delete().where(
    totals.c.used == 0, totals.c.provider_id.in_(sa.bindparam("providers", expanding=True))
)


def count(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    """Add `used` of these rows to the sums, in a fixed order, to avoid deadlocks."""
    changes = [{name: row[name] for name in ("provider_id", "resource_class", "used")} for row in rows]
    if changes:
        tx.execute(_COUNT[tx.dialect], sorted(changes, key=lambda row: (row["provider_id"], row["resource_class"])))


def forget_zeros(tx: Transaction, provider_ids: Iterable[str]) -> None:
    """Delete the sums of these providers that are 0."""
    tx.execute(_NOTHING_LEFT, {"providers": list(provider_ids)})


def used(tx: Transaction, provider_ids: Iterable[str] | None = None) -> dict[str, dict[str, int]]:
    """Provider → resource class → sum. None: of every provider."""
    found: dict[str, dict[str, int]] = {}
    wanted = {} if provider_ids is None else {"provider_id": list(provider_ids)}
    for total in tx.rows(totals, **wanted):
        found.setdefault(total["provider_id"], {})[total["resource_class"]] = total["used"]
    return found
