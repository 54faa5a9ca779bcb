"""The SQL of resource providers."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.placement.resource_providers.models import ResourceProviderRow, resource_providers


def insert(tx: Transaction, provider_id: str, name: str, parent: ResourceProviderRow | None = None) -> None:
    tx.insert(
        resource_providers, id=provider_id, name=name, generation=0, created_at=tx.now, updated_at=tx.now,
        parent_id=parent["id"] if parent else None, root_id=parent["root_id"] if parent else provider_id,
    )  # fmt: skip


def find(tx: Transaction, provider_id: str) -> ResourceProviderRow | None:
    return tx.row(resource_providers, id=provider_id)


def find_by_name(tx: Transaction, name: str) -> ResourceProviderRow | None:
    return tx.row(resource_providers, name=name)


def every(tx: Transaction, ids: Iterable[str] | None = None) -> list[ResourceProviderRow]:
    """All, or those of `ids`, by name."""
    wanted = {} if ids is None else {"id": list(ids)}
    return tx.rows(resource_providers, resource_providers.c.name, **wanted)


def of_tree(tx: Transaction, root_id: str) -> list[ResourceProviderRow]:
    return tx.all(sa.select(resource_providers).where(resource_providers.c.root_id == root_id), ResourceProviderRow)


def update(tx: Transaction, provider_id: str, **values: Any) -> None:
    tx.execute(
        resource_providers.update().where(resource_providers.c.id == provider_id).values(**values, updated_at=tx.now)
    )


def move_tree(tx: Transaction, ids: Iterable[str], root_id: str) -> None:
    tx.execute(resource_providers.update().where(resource_providers.c.id.in_(list(ids))).values(root_id=root_id))


def advance(tx: Transaction, provider_ids: Iterable[str]) -> None:
    """Raise the generation. A client that decided with the earlier one must read again."""
    tx.execute(
        resource_providers.update()
        .where(resource_providers.c.id.in_(list(provider_ids)))
        .values(generation=resource_providers.c.generation + 1, updated_at=tx.now)
    )


def delete(tx: Transaction, provider_id: str) -> None:
    tx.execute(resource_providers.delete().where(resource_providers.c.id == provider_id))


def has_children(tx: Transaction, provider_id: str) -> bool:
    return (
        tx.scalar(sa.select(resource_providers.c.id).where(resource_providers.c.parent_id == provider_id)) is not None
    )
