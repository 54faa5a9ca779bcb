"""What happened in the cloud, written in the same transaction as the change itself; kept for a while, read in order."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Instant, Table, Transaction, metadata

KEPT = 30 * 24 * 3600 * SECOND
"""Microseconds that an event stays."""


class EventRow(TypedDict):
    id: int
    written_by: int
    at: int
    kind: str
    subject: str
    request_id: str
    user_id: str | None
    project_id: str | None
    facts: dict[str, Any]


events = Table[EventRow](
    "kernel_events",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("written_by", sa.BigInteger, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(128), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64)),
    sa.Column("project_id", sa.String(64)),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Index("ix_kernel_events_subject", "subject"),
    sa.Index("ix_kernel_events_at", "at"),
    sqlite_autoincrement=True,
)


_COLUMNS = ("at", "kind", "subject", "request_id", "user_id", "project_id", "facts")
_WRITERS = {
    "postgresql": sa.cast(sa.cast(sa.func.pg_current_xact_id(), sa.String), sa.BigInteger),
    "sqlite": sa.literal(0),
}
_WRITE = {
    dialect: events.insert().values(written_by=writer, **{name: sa.bindparam(name) for name in _COLUMNS})
    for dialect, writer in _WRITERS.items()
}


def write(
    tx: Transaction,
    kind: str,
    subject: str,
    *,
    request_id: str = "",
    user_id: str | None = None,
    project_id: str | None = None,
    **facts: Any,
) -> None:
    """`kind`: `server.create.done`; `subject`: `server/<id>`; `facts`: JSON values, never a secret."""
    tx.execute(
        _WRITE[tx.dialect],
        {
            "at": tx.now, "kind": kind, "subject": subject, "request_id": request_id, "user_id": user_id,
            "project_id": project_id, "facts": facts,
        },
    )  # fmt: skip


def after(
    tx: Transaction, position: int, limit: int, *, project_id: str | None = None, subject: str | None = None
) -> list[dict[str, Any]]:
    """Events past `position` (an event's id), oldest first. None of a transaction still open: on PostgreSQL ids are drawn
    before the commit, so only those of transactions older than every open one are shown, and a reader skips nothing."""
    query = sa.select(events).where(events.c.id > position).order_by(events.c.id).limit(limit)
    if tx.dialect == "postgresql":
        oldest = sa.func.pg_snapshot_xmin(sa.func.pg_current_snapshot())
        query = query.where(events.c.written_by < sa.cast(sa.cast(oldest, sa.String), sa.BigInteger))
    if project_id is not None:
        query = query.where(events.c.project_id == project_id)
    if subject is not None:
        query = query.where(events.c.subject == subject)
    return tx.all(query)


def forget_old(tx: Transaction) -> int:
    """How many were past their time."""
    return tx.changed(events.delete().where(events.c.at < tx.now - KEPT))
