"""The SQL of snapshots."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.kernel.quotas import Quota
from kumoi.kernel.rows import ProjectRows
from kumoi.services.block_storage.errors import SnapshotNotFound
from kumoi.services.block_storage.snapshot_rows.models import DiskState, SnapshotRow
from kumoi.services.block_storage.snapshot_rows.models import snapshots as table

rows = ProjectRows(table=table, absent=SnapshotNotFound)


def insert(tx: Transaction, row: SnapshotRow) -> SnapshotRow:
    tx.insert_row(table, row)
    return row


def find(tx: Transaction, snapshot_id: str) -> SnapshotRow | None:
    return tx.one(sa.select(table).where(table.c.id == snapshot_id), SnapshotRow)


def of_volume(tx: Transaction, volume_id: str, project_id: str | None = None) -> list[SnapshotRow]:
    """Newest first. `project_id`: only this project's. A volume may have snapshots of a project that transferred it."""
    query = sa.select(table).where(table.c.volume_id == volume_id)
    if project_id is not None:
        query = query.where(table.c.project_id == project_id)
    return tx.all(query.order_by(table.c.created_at.desc(), table.c.id), SnapshotRow)


def of_group_snapshot(tx: Transaction, group_snapshot_id: str) -> list[SnapshotRow]:
    return of_group_snapshots(tx, [group_snapshot_id])


def of_group_snapshots(tx: Transaction, group_snapshot_ids: Sequence[str]) -> list[SnapshotRow]:
    query = sa.select(table).where(table.c.group_snapshot_id.in_(group_snapshot_ids))
    return tx.all(query.order_by(table.c.created_at, table.c.id), SnapshotRow)


def update(tx: Transaction, snapshot_id: str, **values: Any) -> None:
    tx.execute(table.update().where(table.c.id == snapshot_id).values(**{"updated_at": tx.now, **values}))


def delete(tx: Transaction, *snapshot_ids: str) -> None:
    tx.execute(table.delete().where(table.c.id.in_(snapshot_ids)))


def delete_of_volume(tx: Transaction, volume_id: str) -> None:
    tx.execute(table.delete().where(table.c.volume_id == volume_id))


def list_of(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: SnapshotRow | None,
    limit: int,
    offset: int = 0,
) -> list[SnapshotRow]:
    query = sa.select(table).where(*conditions)
    return page(tx, query.offset(offset) if offset else query, SnapshotRow, sort=sort, marker=marker, limit=limit)


def count(tx: Transaction, conditions: Sequence[sa.ColumnElement[bool]]) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0)


def every(tx: Transaction) -> list[DiskState]:
    """Of every snapshot, for audit and sweeps."""
    return tx.all(sa.select(table.c.id, table.c.status, table.c.size, table.c.host, table.c.updated_at), DiskState)


SNAPSHOTS = Quota("block_storage", "snapshots", 10, Count("block_storage.snapshots", table.c.project_id))
Count("block_storage.gigabytes", table.c.project_id, table.c.size)
"""Snapshots count in the gigabytes of volumes."""
