"""The SQL of the catalogue. Each change invalidates the cached catalogues of every process."""

from collections.abc import Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import epochs
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.services.identity.catalog.models import ServiceRow, endpoints, regions, services


def find(tx: Transaction, table: sa.Table, id: str) -> dict[str, Any] | None:
    return tx.one(sa.select(table).where(table.c.id == id))


def listed(
    tx: Transaction,
    table: sa.Table,
    conditions: Sequence[sa.ColumnElement[bool]],
    marker: dict[str, Any] | None,
    limit: int | None,
) -> list[dict[str, Any]]:
    order = [(table.c.created_at, "asc"), (table.c.id, "asc")]
    return page(tx, sa.select(table).where(*conditions), sort=order, marker=marker, limit=limit)


def insert(tx: Transaction, table: sa.Table, **values: Any) -> None:
    tx.insert(table, created_at=tx.now, **values)
    epochs.advance(tx, "identity")


def update(tx: Transaction, table: sa.Table, id: str, values: dict[str, Any]) -> None:
    tx.execute(table.update().where(table.c.id == id).values(**values))
    epochs.advance(tx, "identity")


def delete(tx: Transaction, table: sa.Table, id: str) -> bool:
    epochs.advance(tx, "identity")
    return tx.changed(table.delete().where(table.c.id == id)) > 0


def delete_endpoints(tx: Transaction, service_id: str) -> None:
    tx.execute(endpoints.delete().where(endpoints.c.service_id == service_id))


def of_type(tx: Transaction, type: str) -> ServiceRow | None:
    return tx.one(sa.select(services).where(services.c.type == type), ServiceRow)


_ENABLED = (
    sa.select(
        endpoints.c.id,
        endpoints.c.service_id,
        endpoints.c.region_id,
        endpoints.c.interface,
        endpoints.c.url,
        services.c.type,
        services.c.name,
    )
    .join(services, services.c.id == endpoints.c.service_id)
    .where(endpoints.c.enabled.is_(True), services.c.enabled.is_(True))
    .order_by(services.c.type, services.c.id, endpoints.c.region_id, endpoints.c.interface, endpoints.c.id)
)
"""Built once, because every new token reads it."""


class EndpointOfService(TypedDict):
    """`type` and `name` are the service's."""

    id: str
    service_id: str
    region_id: str | None
    interface: str
    url: str
    type: str
    name: str


def enabled(tx: Transaction) -> list[EndpointOfService]:
    """Every enabled endpoint of an enabled service."""
    return tx.all(_ENABLED, EndpointOfService)


def region_in_use(tx: Transaction, region_id: str) -> bool:
    """Whether an endpoint is in it."""
    return tx.scalar(sa.select(sa.literal(1)).where(endpoints.c.region_id == region_id)) is not None


def regions_below(tx: Transaction, region_id: str) -> list[str]:
    return tx.column(sa.select(regions.c.id).where(regions.c.parent_region_id == region_id))
