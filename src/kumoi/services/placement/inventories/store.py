"""The SQL of inventories."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.placement.inventories.models import InventoryRow, inventories


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
    return (
        tx.one(sa.select(inventories.c.provider_id).where(inventories.c.resource_class == resource_class)) is not None
    )


def every(tx: Transaction) -> dict[str, dict[str, InventoryRow]]:
    """Provider → resource class → row, of all providers."""
    found: dict[str, dict[str, InventoryRow]] = {}
    for row in tx.all(sa.select(inventories), InventoryRow):
        found.setdefault(row["provider_id"], {})[row["resource_class"]] = row
    return found
