"""The SQL of messages."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import NotFound
from kumoi.kernel.operations import Context
from kumoi.kernel.pagination import page
from kumoi.kernel.rows import ProjectRows
from kumoi.services.block_storage.messages.models import KEPT, MessageRow
from kumoi.services.block_storage.messages.models import messages as table

EVENTS = {
    ("VOLUME", "create"): "VOLUME_VOLUME_001_001",
    ("VOLUME", "extend"): "VOLUME_VOLUME_002_001",
    ("VOLUME", "delete"): "VOLUME_VOLUME_003_001",
    ("VOLUME", "revert"): "VOLUME_VOLUME_004_001",
    ("VOLUME", "reimage"): "VOLUME_VOLUME_016_001",
    ("VOLUME", "upload"): "VOLUME_VOLUME_007_001",
    ("VOLUME_SNAPSHOT", "create"): "VOLUME_VOLUME_SNAPSHOT_005_001",
    ("VOLUME_SNAPSHOT", "delete"): "VOLUME_VOLUME_SNAPSHOT_006_001",
    ("VOLUME_BACKUP", "create"): "VOLUME_VOLUME_BACKUP_013_001",
    ("VOLUME_BACKUP", "delete"): "VOLUME_VOLUME_BACKUP_014_001",
    ("VOLUME_BACKUP", "restore"): "VOLUME_VOLUME_BACKUP_015_001",
}


rows = ProjectRows(
    table=table, absent=lambda message_id: NotFound(f"Message {message_id[:255]} could not be found.")
)  # fmt: skip


def write(tx: Transaction, context: Context, project_id: str, kind: str, resource_id: str, verb: str, why: str) -> None:
    """Say, once, that an operation failed. `kind` and `verb`: of EVENTS."""
    what = kind.removeprefix("VOLUME_").lower()
    said = {"resource_id": resource_id, "text": f"{verb} {what}: {why}", "request_id": context.request_id}
    if tx.scalar(sa.select(table.c.id).filter_by(**said)) is None:
        tx.insert(
            table, id=tx.new_uuid(), project_id=project_id, event_id=EVENTS[kind, verb], resource_type=kind,
            level="ERROR", created_at=tx.now, **said,
        )  # fmt: skip


def forget_old(tx: Transaction) -> int:
    """Returns how many messages were deleted."""
    return tx.changed(table.delete().where(table.c.created_at < tx.now - KEPT))


def list_of(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: MessageRow | None,
    limit: int,
    offset: int = 0,
) -> list[dict[str, Any]]:
    query = sa.select(table).where(*conditions)
    return page(tx, query.offset(offset) if offset else query, sort=sort, marker=marker, limit=limit)
