"""The SQL of metadata definitions."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Table, Transaction
from kumoi.kernel.pagination import page
from kumoi.services.image.metadefs.models import (
    AssociationRow,
    NamespaceRow,
    ResourceTypeRow,
    associations,
    namespaces,
    resource_types,
)


def find(tx: Transaction, name: str) -> NamespaceRow | None:
    return tx.row(namespaces, namespace=name)


def page_of(
    tx: Transaction,
    seen_by: str | None,
    types: list[str],
    visibility: str | None,
    sort: tuple[str, str],
    marker: NamespaceRow | None,
    limit: int,
) -> list[NamespaceRow]:
    """`seen_by`: a project, which sees its own and public ones; None: all."""
    wanted = sa.select(namespaces)
    if visibility is not None:
        wanted = wanted.where(namespaces.c.visibility == visibility)
    if types:
        of_types = sa.select(associations.c.namespace_id).where(associations.c.name.in_(types))
        wanted = wanted.where(namespaces.c.id.in_(of_types))
    seen = []
    if seen_by is not None:
        public = namespaces.c.visibility == "public"
        seen = [public, sa.and_(namespaces.c.owner == seen_by, namespaces.c.visibility != "public")]
    order = [(namespaces.c[sort[0]], sort[1]), (namespaces.c.id, sort[1])]
    return page(tx, wanted, NamespaceRow, sort=order, marker=marker, limit=limit, alternatives=seen)


def insert(tx: Transaction, **values: Any) -> None:
    tx.insert(namespaces, id=tx.new_uuid(), created_at=tx.now, updated_at=tx.now, **values)


def update(tx: Transaction, namespace_id: str, **values: Any) -> None:
    tx.update(namespaces, {"id": namespace_id}, **values, updated_at=tx.now)


def delete(tx: Transaction, namespace_id: str) -> None:
    """With everything in it."""
    tx.execute(namespaces.delete().where(namespaces.c.id == namespace_id))


# What stands in a namespace: objects, properties, tags and associations, each in a table with the same key.


def entries(tx: Transaction, table: Table[Any], namespace_id: str) -> list[Any]:
    return tx.rows(table, table.c.name, namespace_id=namespace_id)


def entries_of(tx: Transaction, table: Table[Any], namespace_ids: Iterable[str]) -> dict[str, list[Any]]:
    """Namespace → its entries."""
    found: dict[str, list[Any]] = {}
    for row in tx.rows(table, table.c.name, namespace_id=list(namespace_ids)):
        found.setdefault(row["namespace_id"], []).append(row)
    return found


def page_of_entries(
    tx: Transaction, table: Table[Any], namespace_id: str, sort: tuple[str, str], marker: Any, limit: int | None
) -> list[Any]:
    order = [(table.c[sort[0]], sort[1])]
    if sort[0] != "name":
        order.append((table.c.name, sort[1]))
    wanted = sa.select(table).where(table.c.namespace_id == namespace_id)
    return page(tx, wanted, None, sort=order, marker=marker, limit=limit)


def entry(tx: Transaction, table: Table[Any], namespace_id: str, name: str) -> Any:
    """The row, or None."""
    return tx.row(table, namespace_id=namespace_id, name=name)


def add_entry(tx: Transaction, table: Table[Any], namespace_id: str, name: str, **values: Any) -> None:
    tx.insert(table, namespace_id=namespace_id, name=name, created_at=tx.now, updated_at=tx.now, **values)


def change_entry(
    tx: Transaction, table: Table[Any], namespace_id: str, old_name: str, new_name: str, **values: Any
) -> None:
    tx.update(table, {"namespace_id": namespace_id, "name": old_name}, **values, name=new_name, updated_at=tx.now)


def remove_entry(tx: Transaction, table: Table[Any], namespace_id: str, name: str) -> None:
    tx.execute(table.delete().where(table.c.namespace_id == namespace_id, table.c.name == name))


def remove_entries(tx: Transaction, table: Table[Any], namespace_id: str) -> None:
    tx.execute(table.delete().where(table.c.namespace_id == namespace_id))


def association_with(tx: Transaction, namespace_id: str, resource_type: str) -> AssociationRow | None:
    return tx.row(associations, namespace_id=namespace_id, name=resource_type)


def every_resource_type(tx: Transaction) -> list[ResourceTypeRow]:
    return tx.rows(resource_types, resource_types.c.name)


def keep_resource_type(tx: Transaction, name: str) -> None:
    if tx.row(resource_types, name=name) is None:
        tx.insert(resource_types, name=name, created_at=tx.now, updated_at=tx.now)
