"""The SQL of traits."""

from collections.abc import Iterable

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.placement.traits.models import provider_traits, traits


def custom(tx: Transaction) -> set[str]:
    return set(tx.column(sa.select(traits.c.name)))


def exists(tx: Transaction, name: str) -> bool:
    return tx.scalar(sa.select(traits.c.name).where(traits.c.name == name)) is not None


def insert(tx: Transaction, name: str) -> None:
    tx.insert(traits, name=name, created_at=tx.now)


def delete(tx: Transaction, name: str) -> None:
    tx.execute(traits.delete().where(traits.c.name == name))


def in_use(tx: Transaction) -> set[str]:
    """Traits that any provider has."""
    return set(tx.column(sa.select(provider_traits.c.trait).distinct()))


def of_provider(tx: Transaction, provider_id: str) -> list[str]:
    query = sa.select(provider_traits.c.trait).where(provider_traits.c.provider_id == provider_id)
    return sorted(tx.column(query))


def of_providers(tx: Transaction, provider_ids: Iterable[str] | None = None) -> dict[str, set[str]]:
    """Provider → traits; None: of every provider."""
    wanted = {} if provider_ids is None else {"provider_id": list(provider_ids)}
    found: dict[str, set[str]] = {}
    for row in tx.rows(provider_traits, **wanted):
        found.setdefault(row["provider_id"], set()).add(row["trait"])
    return found


def replace(tx: Transaction, provider_id: str, names: Iterable[str]) -> None:
    tx.execute(provider_traits.delete().where(provider_traits.c.provider_id == provider_id))
    tx.insert_many(provider_traits, [{"provider_id": provider_id, "trait": name} for name in sorted(set(names))])
