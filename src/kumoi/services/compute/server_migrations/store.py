"""Lists of migrations."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.services.compute.migrations.models import MigrationRow
from kumoi.services.compute.migrations.models import migrations as migrations_table


def find(tx: Transaction, uuid: str) -> MigrationRow | None:
    return tx.row(migrations_table, uuid=uuid)


def listing(
    tx: Transaction, equal: Mapping[str, str], *, host: str | None, since: int | None, before: int | None,
    marker: MigrationRow | None, limit: int | None,
) -> Sequence[MigrationRow]:  # fmt: skip
    """Newest first. `equal`: column → its value. `host`: either end."""
    table = migrations_table
    query = sa.select(table).where(*(table.c[name] == value for name, value in equal.items()))
    if host is not None:
        query = query.where(sa.or_(table.c.source_compute == host, table.c.dest_compute == host))
    if since is not None:
        query = query.where(table.c.updated_at >= since)
    if before is not None:
        query = query.where(table.c.updated_at <= before)
    return page(tx, query, MigrationRow, sort=[(table.c.number, "desc")], marker=marker, limit=limit)
