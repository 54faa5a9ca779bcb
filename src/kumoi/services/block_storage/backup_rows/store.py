"""The SQL of backups."""

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.kernel.quotas import Quota
from kumoi.kernel.rows import ProjectRows
from kumoi.services.block_storage.backup_rows.models import BackupRow, Status
from kumoi.services.block_storage.backup_rows.models import backups as table
from kumoi.services.block_storage.errors import BackupNotFound

rows = ProjectRows(table=table, absent=BackupNotFound)


class BackupState(TypedDict):
    """What audit and sweeps compare of a backup."""

    id: str
    volume_id: str
    snapshot_id: str | None
    status: str
    host: str
    place: str
    restored_to: str | None
    updated_at: int


def insert(tx: Transaction, row: BackupRow) -> BackupRow:
    tx.insert_row(table, row)
    return row


def find(tx: Transaction, backup_id: str) -> BackupRow | None:
    return tx.one(sa.select(table).where(table.c.id == backup_id), BackupRow)


def update(tx: Transaction, backup_id: str, **values: Any) -> None:
    tx.execute(table.update().where(table.c.id == backup_id).values(**{"updated_at": tx.now, **values}))


def delete(tx: Transaction, backup_id: str) -> None:
    tx.execute(table.delete().where(table.c.id == backup_id))


def newest(tx: Transaction, project_id: str, volume_id: str, host: str, before: int | None = None) -> BackupRow | None:
    """The project's available backup with the newest content of a volume; `before`: older than this instant."""
    query = sa.select(table).where(
        table.c.volume_id == volume_id, table.c.project_id == project_id, table.c.host == host,
        table.c.status == Status.AVAILABLE, table.c.data_timestamp.is_not(None),
    )  # fmt: skip
    if before is not None:
        query = query.where(table.c.data_timestamp <= before)
    found = tx.all(query.order_by(table.c.data_timestamp.desc(), table.c.id).limit(1), BackupRow)
    return found[0] if found else None


def with_dependents(tx: Transaction, backup_ids: Iterable[str]) -> set[str]:
    """Those of them that other backups need."""
    return set(tx.column(sa.select(table.c.parent_id).where(table.c.parent_id.in_(list(backup_ids))).distinct()))


def reading(tx: Transaction, *, volume_id: str | None = None, snapshot_id: str | None = None) -> str | None:
    """The id of a backup that is being made of this volume or snapshot."""
    of = table.c.volume_id == volume_id if volume_id else table.c.snapshot_id == snapshot_id
    found: str | None = tx.scalar(sa.select(table.c.id).where(of, table.c.status == Status.CREATING).limit(1))
    return found


def being_copied(tx: Transaction, volume_id: str, besides: str) -> bool:
    """Whether a backup other than `besides` does not have the content of this volume yet."""
    query = sa.select(table.c.id).where(
        table.c.volume_id == volume_id, table.c.id != besides, table.c.status == Status.CREATING,
        table.c.data_timestamp.is_(None),
    )  # fmt: skip
    return tx.scalar(query.limit(1)) is not None


def release(tx: Transaction, volume_id: str) -> None:
    """The volume is no longer restored from a backup."""
    tx.execute(
        table.update()
        .where(table.c.restored_to == volume_id, table.c.status == Status.RESTORING)
        .values(status=Status.AVAILABLE, restored_to=None, updated_at=tx.now)
    )


def at(tx: Transaction, place: str) -> BackupRow | None:
    """A backup whose bytes are there."""
    return tx.one(sa.select(table).where(table.c.place == place).order_by(table.c.created_at).limit(1), BackupRow)


def shared(tx: Transaction, backup: BackupRow) -> bool:
    """Whether another backup has the same bytes."""
    query = sa.select(table.c.id).where(table.c.place == backup["place"], table.c.id != backup["id"]).limit(1)
    return tx.scalar(query) is not None


def list_of(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: BackupRow | None,
    limit: int,
    offset: int = 0,
) -> list[BackupRow]:
    query = sa.select(table).where(*conditions)
    return page(tx, query.offset(offset) if offset else query, BackupRow, sort=sort, marker=marker, limit=limit)


def count(tx: Transaction, conditions: Sequence[sa.ColumnElement[bool]]) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0)


def every(tx: Transaction) -> list[BackupState]:
    """Of every backup, for audit and sweeps."""
    return tx.all(
        sa.select(
            table.c.id, table.c.volume_id, table.c.snapshot_id, table.c.status, table.c.host, table.c.place,
            table.c.restored_to, table.c.updated_at,
        ),
        BackupState,
    )  # fmt: skip


BACKUPS = Quota("block_storage", "backups", 10, Count("block_storage.backups", table.c.project_id))
BACKUP_GIGABYTES = Quota(
    "block_storage", "backup_gigabytes", 1000, Count("block_storage.backup_gigabytes", table.c.project_id, table.c.size)
)
