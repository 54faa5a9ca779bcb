"""The SQL of aggregates."""

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.placement.aggregates.models import ProviderAggregateRow, provider_aggregates


def of_provider(tx: Transaction, provider_id: str) -> list[str]:
    query = sa.select(provider_aggregates.c.aggregate_id).where(provider_aggregates.c.provider_id == provider_id)
    return sorted(tx.column(query))


def of_providers(tx: Transaction) -> dict[str, set[str]]:
    """Provider → its aggregates, normalized. Providers without aggregates are left out."""
    found: dict[str, set[str]] = {}
    for row in tx.all(sa.select(provider_aggregates), ProviderAggregateRow):
        found.setdefault(row["provider_id"], set()).add(str(UUID(row["aggregate_id"])))
    return found


def replace(tx: Transaction, provider_id: str, aggregate_ids: Iterable[str]) -> None:
    tx.execute(provider_aggregates.delete().where(provider_aggregates.c.provider_id == provider_id))
    rows = [{"provider_id": provider_id, "aggregate_id": name} for name in sorted(set(aggregate_ids))]
    tx.insert_many(provider_aggregates, rows)
