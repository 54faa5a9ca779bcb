"""The SQL of volumes."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.kernel.quotas import Quota, nothing
from kumoi.kernel.rows import ProjectRows
from kumoi.services.block_storage.errors import VolumeNotFound
from kumoi.services.block_storage.snapshot_rows.models import DiskState
from kumoi.services.block_storage.snapshot_rows.models import snapshots as snapshots_table
from kumoi.services.block_storage.volumes.models import Status, VolumeRow
from kumoi.services.block_storage.volumes.models import volumes as table

rows = ProjectRows(table=table, absent=VolumeNotFound)


def insert(tx: Transaction, row: VolumeRow) -> VolumeRow:
    tx.insert_row(table, row)
    return row


def find(tx: Transaction, volume_id: str) -> VolumeRow | None:
    return tx.one(sa.select(table).where(table.c.id == volume_id), VolumeRow)


def by_ids(tx: Transaction, ids: Iterable[str]) -> list[VolumeRow]:
    return tx.all(sa.select(table).where(table.c.id.in_(list(ids))), VolumeRow)


def of_groups(tx: Transaction, group_ids: Iterable[str]) -> list[VolumeRow]:
    """In the order of their creation."""
    query = sa.select(table).where(table.c.group_id.in_(list(group_ids)))
    return tx.all(query.order_by(table.c.created_at, table.c.id), VolumeRow)


def update(tx: Transaction, volume_id: str, **values: Any) -> None:
    tx.execute(table.update().where(table.c.id == volume_id).values(**{"updated_at": tx.now, **values}))


def delete(tx: Transaction, volume_id: str) -> None:
    """Also deletes its attachments."""
    tx.execute(table.delete().where(table.c.id == volume_id))


def list_of(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: VolumeRow | None,
    limit: int,
    offset: int = 0,
) -> list[VolumeRow]:
    query = sa.select(table).where(*conditions)
    return page(tx, query.offset(offset) if offset else query, VolumeRow, sort=sort, marker=marker, limit=limit)


def count(tx: Transaction, conditions: Sequence[sa.ColumnElement[bool]]) -> tuple[int, int]:
    """Their number, and their size in GiB."""
    query = sa.select(sa.func.count(), sa.func.sum(table.c.size)).select_from(table).where(*conditions)
    ((number, gib),) = tx.tuples(query)
    return int(number), int(gib or 0)


def metadata_of(tx: Transaction, conditions: Sequence[sa.ColumnElement[bool]]) -> list[dict[str, str]]:
    return tx.column(sa.select(table.c.metadata).where(*conditions))


def every(tx: Transaction) -> list[DiskState]:
    """Of every volume, for audit and sweeps."""
    return tx.all(sa.select(table.c.id, table.c.status, table.c.size, table.c.host, table.c.updated_at), DiskState)


def being_copied(
    tx: Transaction, *, volume_id: str | None = None, snapshot_id: str | None = None, backup_id: str | None = None
) -> str | None:
    """The id of a volume that is being created from this volume, snapshot or backup."""
    if backup_id:
        of = table.c.backup_id == backup_id
    else:
        of = table.c.source_volume_id == volume_id if volume_id else table.c.snapshot_id == snapshot_id
    found: str | None = tx.scalar(sa.select(table.c.id).where(of, table.c.status == Status.CREATING).limit(1))
    return found


def used_of_types(tx: Transaction, project_id: str) -> defaultdict[str, Counter[str]]:
    """Type → volumes, snapshots and gigabytes (of both) in a project."""
    used: defaultdict[str, Counter[str]] = defaultdict(Counter)
    kind, parts = table.c.volume_type_id, snapshots_table
    mine = sa.select(kind, sa.func.count(), sa.func.sum(table.c.size)).where(table.c.project_id == project_id)
    for volume_type_id, number, gib in tx.tuples(mine.group_by(kind)):
        used[volume_type_id].update(volumes=int(number), gigabytes=int(gib))
    taken = sa.select(kind, sa.func.count(), sa.func.sum(parts.c.size)).select_from(
        parts.join(table, table.c.id == parts.c.volume_id)
    )
    for volume_type_id, number, gib in tx.tuples(taken.where(parts.c.project_id == project_id).group_by(kind)):
        used[volume_type_id].update(snapshots=int(number), gigabytes=int(gib))
    return used


def of_type(tx: Transaction, volume_type_id: str) -> bool:
    """Whether any volume has that type."""
    return tx.scalar(sa.select(table.c.id).where(table.c.volume_type_id == volume_type_id).limit(1)) is not None


VOLUMES = Quota("block_storage", "volumes", 10, Count("block_storage.volumes", table.c.project_id))
GIGABYTES = Quota(
    "block_storage", "gigabytes", 1000, Count("block_storage.gigabytes", table.c.project_id, table.c.size)
)
"""Of volumes and snapshots."""
PER_VOLUME = Quota("block_storage", "per_volume_gigabytes", -1, nothing)
"""The largest allowed size of one volume."""
