"""Events: what happened in the cloud, written in the transaction of the change, stored for a while and read in order."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Instant, Table, Transaction, metadata

LATEST = 20_000
"""Events of all projects among which a project's last ones are looked for."""
KEPT = 30 * 24 * 3600 * SECOND
"""How long an event is stored, in microseconds."""


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
    # On SQLite `written_by` is 0 and the index is empty, because ids are in the order of the commits.
    sa.Index("ix_kernel_events_order", "written_by", "id", sqlite_where=sa.text("written_by > 0")),
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
) -> list[EventRow]:
    """Events after `position` (an event's id), oldest first. On PostgreSQL ids are assigned before the commit. So only events
    of transactions that are older than every open one are returned, by transaction and then by id: one that began later may
    have taken a lower id. A reader misses none."""
    query = sa.select(events).limit(limit)
    if tx.dialect == "sqlite":
        query = query.where(events.c.id > position).order_by(events.c.id)
    else:
        writer = tx.scalar(sa.select(events.c.written_by).where(events.c.id == position))
        place, here = sa.tuple_(events.c.written_by, events.c.id), sa.tuple_(sa.literal(writer), sa.literal(position))
        query = query.where(events.c.id > position if writer is None else place > here)
        query = query.order_by(events.c.written_by, events.c.id)
        oldest = sa.func.pg_snapshot_xmin(sa.func.pg_current_snapshot())
        query = query.where(events.c.written_by < sa.cast(sa.cast(oldest, sa.String), sa.BigInteger))
    if project_id is not None:
        query = query.where(events.c.project_id == project_id)
    if subject is not None:
        query = query.where(events.c.subject == subject)
    return tx.all(query, EventRow)


def latest(tx: Transaction, limit: int, *, project_id: str | None = None) -> list[EventRow]:
    """The last events, newest first. Looks back over LATEST events of all projects."""
    query = sa.select(events).where(events.c.id > sa.select(sa.func.max(events.c.id) - LATEST).scalar_subquery())
    if project_id is not None:
        query = query.where(events.c.project_id == project_id)
    return tx.all(query.order_by(events.c.id.desc()).limit(limit), EventRow)


def forget_old(tx: Transaction) -> int:
    """Remove events that are older than KEPT; returns how many."""
    return tx.changed(events.delete().where(events.c.at < tx.now - KEPT))


def adopt_foreign(tx: Transaction) -> None:
    """Let events of another server, whose tables were restored on this one, stand before all that follow: its transactions
    are numbered differently (PostgreSQL)."""
    if tx.dialect == "postgresql":
        ahead = sa.cast(sa.cast(sa.func.pg_snapshot_xmax(sa.func.pg_current_snapshot()), sa.String), sa.BigInteger)
        if tx.scalar(sa.select(sa.literal(1)).where(sa.exists().where(events.c.written_by >= ahead))):
            tx.execute(events.update().values(written_by=0))
