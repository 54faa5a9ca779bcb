"""What projects have on hosts."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.block_storage.snapshot_rows.models import snapshots as snapshots_table
from kumoi.services.block_storage.volumes.models import volumes as volumes_table


class Usage(TypedDict):
    project_id: str
    number: int
    gib: int


def volumes(tx: Transaction, host: str) -> list[Usage]:
    return _of(tx, volumes_table, host)


def snapshots(tx: Transaction, host: str) -> list[Usage]:
    return _of(tx, snapshots_table, host)


def _of(tx: Transaction, table: sa.Table, host: str) -> list[Usage]:
    number, gib = sa.func.count().label("number"), sa.func.sum(table.c.size).label("gib")
    query = sa.select(table.c.project_id, number, gib).where(table.c.host == host).group_by(table.c.project_id)
    return tx.all(query, Usage)
