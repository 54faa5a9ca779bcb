"""The SQL of groups and group snapshots."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.kernel.quotas import Quota
from kumoi.kernel.rows import ProjectRows
from kumoi.services.block_storage.errors import GroupNotFound, GroupSnapshotNotFound
from kumoi.services.block_storage.group_rows.models import GroupRow, GroupSnapshotRow, group_snapshots, groups

rows = ProjectRows(table=groups, absent=GroupNotFound)
snapshot_rows = ProjectRows(table=group_snapshots, absent=GroupSnapshotNotFound)


def insert(tx: Transaction, row: GroupRow) -> GroupRow:
    tx.insert_row(groups, row)
    return row


def find(tx: Transaction, group_id: str) -> GroupRow | None:
    return tx.one(sa.select(groups).where(groups.c.id == group_id), GroupRow)


def update(tx: Transaction, group_id: str, **values: Any) -> None:
    tx.execute(groups.update().where(groups.c.id == group_id).values(**{"updated_at": tx.now, **values}))


def delete(tx: Transaction, group_id: str) -> None:
    tx.execute(groups.delete().where(groups.c.id == group_id))


def of_type(tx: Transaction, group_type_id: str) -> bool:
    """Whether any group has that type."""
    return tx.scalar(sa.select(groups.c.id).where(groups.c.group_type_id == group_type_id).limit(1)) is not None


def list_of(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: GroupRow | None,
    limit: int,
    offset: int = 0,
) -> list[GroupRow]:
    query = sa.select(groups).where(*conditions)
    return page(tx, query.offset(offset) if offset else query, GroupRow, sort=sort, marker=marker, limit=limit)


def insert_snapshot(tx: Transaction, row: GroupSnapshotRow) -> GroupSnapshotRow:
    tx.insert_row(group_snapshots, row)
    return row


def find_snapshot(tx: Transaction, group_snapshot_id: str) -> GroupSnapshotRow | None:
    return tx.one(sa.select(group_snapshots).where(group_snapshots.c.id == group_snapshot_id), GroupSnapshotRow)


def snapshot_of(tx: Transaction, group_id: str) -> str | None:
    """The id of a snapshot of the group, if there is one."""
    of = group_snapshots.c.group_id == group_id
    found: str | None = tx.scalar(sa.select(group_snapshots.c.id).where(of).limit(1))
    return found


def update_snapshot(tx: Transaction, group_snapshot_id: str, **values: Any) -> None:
    tx.execute(group_snapshots.update().where(group_snapshots.c.id == group_snapshot_id).values(**values))


def delete_snapshot(tx: Transaction, group_snapshot_id: str) -> None:
    tx.execute(group_snapshots.delete().where(group_snapshots.c.id == group_snapshot_id))


def snapshots(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: GroupSnapshotRow | None,
    limit: int,
    offset: int = 0,
) -> list[GroupSnapshotRow]:
    query = sa.select(group_snapshots).where(*conditions)
    return page(tx, query.offset(offset) if offset else query, GroupSnapshotRow, sort=sort, marker=marker, limit=limit)


GROUPS = Quota("block_storage", "groups", 10, Count("block_storage.groups", groups.c.project_id))
