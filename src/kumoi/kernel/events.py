"""Events: what happened in the cloud, written in the transaction of the change, stored for a while and read in order."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import commits
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
    *commits.columns(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(128), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64)),
    sa.Column("project_id", sa.String(64)),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Index("ix_kernel_events_subject", "subject"),
    sa.Index("ix_kernel_events_at", "at"),
    commits.index("kernel_events"),
    sqlite_autoincrement=True,
)


_COLUMNS = ("at", "kind", "subject", "request_id", "user_id", "project_id", "facts")
_WRITERS = {"postgresql": commits.MINE, "sqlite": sa.literal(0)}
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
    """Events after `position` (an event's id), oldest first, in the order of the commits. A reader misses none."""
    behind = events.c.id > position
    if tx.dialect == "postgresql":
        writer = tx.scalar(sa.select(events.c.written_by).where(events.c.id == position))
        behind = behind if writer is None else commits.after(tx, events, writer, position)
    query = (
        sa.select(events).where(behind, *commits.stable(tx, events)).order_by(*commits.order(tx, events)).limit(limit)
    )
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
    """Let events of another server stand before all that follow."""
    if commits.foreign(tx, events):
        tx.execute(events.update().values(written_by=0))
