"""Events: what happened in the cloud, written in the transaction of the change, stored for a while and read in order."""

from dataclasses import dataclass
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import commits
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Instant, Table, Transaction, metadata

LATEST = 20_000
"""Events of all projects among which a request for the last ones looks for those that are wanted."""
STRAYS = 1_000
"""On PostgreSQL ids follow the time only roughly: an event may stand so many ids beside its place in time."""
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


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked of events. `kind`: itself, or what continues it: `server`, `server.create`. None: anything."""

    kind: str | None = None
    subject: str | None = None
    user_id: str | None = None
    project_id: str | None = None
    request_id: str | None = None
    since: int | None = None
    until: int | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        found = [
            events.c[name] == value
            for name in ("subject", "user_id", "project_id", "request_id")
            if (value := getattr(self, name)) is not None
        ]
        if self.kind is not None:
            within = events.c.kind.startswith(f"{self.kind}.", autoescape=True)
            found.append(sa.or_(events.c.kind == self.kind, within))
        if self.since is not None:
            found.append(events.c.at >= self.since)
        if self.until is not None:
            found.append(events.c.at < self.until)
        return found


ANY = Wanted()


def after(tx: Transaction, position: int, limit: int, wanted: Wanted = ANY) -> list[EventRow]:
    """Events after `position` (an event's id), oldest first, in the order of the commits. A reader misses none."""
    behind = events.c.id > position
    if tx.dialect == "postgresql":
        writer = tx.scalar(sa.select(events.c.written_by).where(events.c.id == position))
        behind = behind if writer is None else commits.after(tx, events, writer, position)
    query = sa.select(events).where(behind, *commits.stable(tx, events), *wanted.conditions())
    return tx.all(query.order_by(*commits.order(tx, events)).limit(limit), EventRow)


def before(tx: Transaction, position: int, limit: int, wanted: Wanted = ANY) -> tuple[list[EventRow], int | None]:
    """Events before `position` (0: the end), newest first, and the position with which to go on; None at the beginning.
    Each call looks at no more than LATEST events, so it may find none and yet not be at the beginning."""
    first, end = tx.tuples(sa.select(sa.func.min(events.c.id), sa.func.max(events.c.id)))[0]
    if first is None:
        return [], None
    end = min(position, end + 1) if position else end + 1
    if wanted.until is not None:
        by_time = sa.select(events.c.id).where(events.c.at < wanted.until).order_by(events.c.at.desc()).limit(1)
        if (last := tx.scalar(by_time)) is None:
            return [], None
        end = min(end, last + STRAYS)
    if wanted.since is not None:
        by_time = sa.select(events.c.id).where(events.c.at >= wanted.since).order_by(events.c.at).limit(1)
        if (earliest := tx.scalar(by_time)) is None:
            return [], None
        first = max(first, earliest - STRAYS)
    begin = max(first, end - LATEST)
    query = sa.select(events).where(events.c.id >= begin, events.c.id < end, *wanted.conditions())
    rows = tx.all(query.order_by(events.c.id.desc()).limit(limit), EventRow)
    if len(rows) == limit:
        return rows, rows[-1]["id"]
    return rows, begin if begin > first else None


def latest(tx: Transaction, limit: int, *, project_id: str | None = None) -> list[EventRow]:
    """The last events, newest first. Looks back over LATEST events of all projects."""
    return before(tx, 0, limit, Wanted(project_id=project_id))[0]


def forget_old(tx: Transaction) -> int:
    """Remove events that are older than KEPT; returns how many."""
    return tx.changed(events.delete().where(events.c.at < tx.now - KEPT))


def adopt_foreign(tx: Transaction) -> None:
    """Let events of another server stand before all that follow."""
    if commits.foreign(tx, events):
        tx.execute(events.update().values(written_by=0))
