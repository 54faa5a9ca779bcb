"""The SQL of migrations."""

from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.compute.migrations.models import OPEN, MigrationRow, Status, migrations


def insert(tx: Transaction, **values: Any) -> None:
    tx.insert(migrations, created_at=tx.now, updated_at=tx.now, **values)


def open_of(tx: Transaction, server_id: str) -> MigrationRow | None:
    """The server's migration that is neither confirmed nor reverted."""
    query = sa.select(migrations).where(migrations.c.instance_uuid == server_id, migrations.c.status.in_(OPEN))
    return tx.one(query.order_by(migrations.c.number.desc()).limit(1), MigrationRow)


def update(tx: Transaction, uuid: str, status: Status) -> None:
    tx.update(migrations, {"uuid": uuid}, status=status, updated_at=tx.now)


def finished_before(tx: Transaction, instant: int) -> list[MigrationRow]:
    query = sa.select(migrations).where(migrations.c.status == Status.FINISHED, migrations.c.updated_at < instant)
    return tx.all(query.order_by(migrations.c.number), MigrationRow)


def every_open(tx: Transaction) -> list[MigrationRow]:
    return tx.all(sa.select(migrations).where(migrations.c.status.in_(OPEN)), MigrationRow)
