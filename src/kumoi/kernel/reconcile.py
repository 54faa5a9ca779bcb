"""Reconcilers and sweeps make the world match the tables. Dirty rows start a reconciler; a timer starts a sweep."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypedDict, TypeVar

import sqlalchemy as sa

from kumoi.kernel import clock, log
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import INSERT, Database, Instant, Table, Transaction, metadata
from kumoi.kernel.fences import Stale
from kumoi.kernel.wakeup import rows_dirty, work_later

T = TypeVar("T")
LEASE_SECONDS = 30.0
SHARE = 0.003
"""The largest share of one processor that a sweep may use. A sweep that costs more than this share of `every` runs less
often, so that an idle cloud stays idle regardless of its size."""
PIECE = 250


class DirtyRow(TypedDict):
    kind: str
    id: str
    wanted: int
    applied: int
    next_at: int
    attempts: int
    lease_until: int
    fault: str | None
    request_id: str | None


dirty = Table[DirtyRow](
    "kernel_dirty",
    metadata,
    sa.Column("kind", sa.String(64), primary_key=True),
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("wanted", sa.BigInteger, nullable=False),
    sa.Column("applied", sa.BigInteger, nullable=False),
    sa.Column("next_at", Instant, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("lease_until", Instant, nullable=False),
    sa.Column("fault", sa.Text),
    sa.Column("request_id", sa.String(64)),
    sa.Index("ix_kernel_dirty_due", "next_at", sqlite_where=sa.text("applied < wanted"),
             postgresql_where=sa.text("applied < wanted")),
)  # fmt: skip


class SweepRow(TypedDict):
    kind: str
    next_at: int


sweeps = Table[SweepRow](
    "kernel_sweeps",
    metadata,
    sa.Column("kind", sa.String(64), primary_key=True),
    sa.Column("next_at", Instant, nullable=False),
)


class Later(Exception):
    """Raised by `apply`: not possible yet, but no failure. `after`: seconds until the next call."""

    def __init__(self, reason: str, after: float = 1.0) -> None:
        super().__init__(reason)
        self.after = after


class View:
    """What a reconciler may use: engines, reads, and `write` for its own transactions."""

    def __init__(self, database: Database, locate: Callable[[type[Any]], Any], rests: bool = False) -> None:
        """`rests`: the thread sleeps between pieces so that it uses no more than SHARE."""
        self.database = database
        self._locate = locate
        self._rests = rests

    def engine(self, kind: type[T]) -> T:
        found: T = self._locate(kind)
        return found

    def read(self, work: Callable[[Transaction], T]) -> T:
        return self.database.read(work)

    def write(self, work: Callable[[Transaction], T]) -> T:
        return self.database.write(work)

    def pieces(self, ids: Sequence[str]) -> Iterator[Sequence[str]]:
        """The ids in lists of PIECE, so that each transaction is short. In a sweep the thread sleeps between them."""
        for begin in range(0, len(ids), PIECE):
            before = clock.spent()
            yield ids[begin : begin + PIECE]
            if self._rests and begin + PIECE < len(ids):
                clock.sleep((clock.spent() - before) * (1 / SHARE - 1))


@dataclass(frozen=True)
class Reconciler:
    """`apply(view, id → revision)` makes the world match the current rows; a missing row means: remove. The engine gets the
    revision and refuses older ones. An exception causes a retry with back-off; Later causes one after a given time.
    `order`: kinds with lower numbers are applied first (networks before ports). `asks_hosts`: the reconciler waits for
    hosts, which may be silent, so these kinds have a thread of their own."""

    kind: str
    apply: Callable[[View, dict[str, int]], None]
    order: int = 50
    asks_hosts: bool = False

    def __post_init__(self) -> None:
        reconcilers[self.kind] = self


@dataclass(frozen=True)
class Sweep:
    """One runner of the cloud calls `run` every `every` seconds, or less often if SHARE requires it. `punctual`: never less
    often, because something else has a deadline that depends on it."""

    kind: str
    every: float
    run: Callable[[View], None]
    punctual: bool = False

    def __post_init__(self) -> None:
        sweepers[self.kind] = self


reconcilers: dict[str, Reconciler] = {}
sweepers: dict[str, Sweep] = {}


def _mark(dialect: str) -> sa.Executable:
    first = {"wanted": 1, "applied": 0, "attempts": 0, "lease_until": 0, "fault": None}
    asked: dict[str, Any] = {name: sa.bindparam(name) for name in ("kind", "id", "next_at", "request_id")}
    statement = INSERT[dialect](dirty).values(**asked, **first)
    again: sa.Executable = statement.on_conflict_do_update(
        index_elements=["kind", "id"],
        set_={
            "wanted": dirty.c.wanted + 1,
            "next_at": statement.excluded.next_at,
            "attempts": 0,
            "request_id": statement.excluded.request_id,
        },
    )
    return again


_MARK = {dialect: _mark(dialect) for dialect in INSERT}


def mark(tx: Transaction, kind: str, *ids: str) -> None:
    """Mark rows as changed or deleted, so that the reconciler of `kind` runs for them. The current request's id is stored
    for the log."""
    if ids:
        this = {"kind": kind, "next_at": tx.now, "request_id": log.request_id.get() or None}
        tx.execute(_MARK[tx.dialect], [{**this, "id": subject_id} for subject_id in ids])
        tx.after_commit(rows_dirty)


def outrun(tx: Transaction, kind: str, subject_id: str, held: int) -> None:
    """Mark a row with a revision above the one that the world holds. Needed after a restore of older tables."""
    mark(tx, kind, subject_id)
    this = dirty.update().where(dirty.c.kind == kind, dirty.c.id == subject_id, dirty.c.wanted <= held)
    tx.execute(this.values(wanted=held + 1))


def forget(tx: Transaction, kind: str, ids: list[str]) -> None:
    """Remove the marks of rows that are gone from the tables and from the world."""
    settled = dirty.c.applied >= dirty.c.wanted
    tx.execute(dirty.delete().where(dirty.c.kind == kind, dirty.c.id.in_(ids), settled))


def revision(tx: Transaction, kind: str, subject_id: str) -> int:
    """The last wanted revision; 0 if the row was never marked."""
    return int(tx.scalar(sa.select(dirty.c.wanted).where(dirty.c.kind == kind, dirty.c.id == subject_id)) or 0)


def applied(tx: Transaction, kind: str, subject_id: str) -> bool:
    """Whether the wanted revision is applied."""
    row = tx.row(dirty, kind=kind, id=subject_id)
    return row is None or row["applied"] >= row["wanted"]


def pending(tx: Transaction) -> list[DirtyRow]:
    """Rows whose wanted revision is not applied yet, for the audit."""
    wanted = sa.select(dirty).where(dirty.c.applied < dirty.c.wanted)
    return tx.all(wanted.order_by(dirty.c.kind, dirty.c.id), DirtyRow)


@cache
def _due(kinds: tuple[str, ...]) -> sa.Select[Any]:
    return (
        sa.select(dirty.c.kind, dirty.c.id)
        .where(
            # An expression, not the bare column: otherwise SQLite would scan all rows of these kinds, and not only the
            # due ones.
            dirty.c.kind.concat("").in_(kinds),
            dirty.c.applied < dirty.c.wanted,
            dirty.c.next_at <= sa.bindparam("now"),
            dirty.c.lease_until <= sa.bindparam("now"),
        )
        .order_by(dirty.c.next_at)
        .limit(sa.bindparam("most"))
    )


class TakenRow(TypedDict):
    kind: str
    id: str
    wanted: int
    next_at: int
    request_id: str | None


@cache
def _take(kinds: tuple[str, ...]) -> sa.Executable:
    taken: sa.Executable = (
        dirty.update()
        .where(sa.tuple_(dirty.c.kind, dirty.c.id).in_(_due(kinds)))
        .values(lease_until=sa.bindparam("new_lease_until"))
        .returning(dirty.c.kind, dirty.c.id, dirty.c.wanted, dirty.c.next_at, dirty.c.request_id)
    )
    return taken


def run_dirty(
    database: Database, locate: Callable[[type[Any]], Any], limit: int = 200, *, asks_hosts: bool | None = None
) -> int:
    """Apply all due rows, kind after kind in their order; returns how many rows were tried. `asks_hosts`: only kinds with
    this value."""
    kinds = tuple(kind for kind, each in reconcilers.items() if asks_hosts in (None, each.asks_hosts))

    def take(tx: Transaction) -> list[TakenRow]:
        until = tx.now + round(LEASE_SECONDS * SECOND)
        return tx.all(_take(kinds), TakenRow, {"now": tx.now, "most": limit, "new_lease_until": until})

    if not kinds or not database.read(lambda tx: tx.tuples(_due(kinds), {"now": tx.now, "most": 1})):
        return 0
    due = database.write(take, durable=False)
    view = View(database, locate)
    by_kind: dict[str, dict[str, int]] = {}
    asked_by: dict[tuple[str, str], str] = {}
    for row in sorted(due, key=lambda row: (row["next_at"], row["id"])):
        by_kind.setdefault(row["kind"], {})[row["id"]] = row["wanted"]
        if row["request_id"]:
            asked_by[row["kind"], row["id"]] = row["request_id"]
    for kind in sorted(by_kind, key=lambda name: reconcilers[name].order if name in reconcilers else 99):
        batch = by_kind[kind]
        by_id = {subject_id: asked_by[kind, subject_id] for subject_id in batch if (kind, subject_id) in asked_by}
        with _in_the_name_of(by_id.values()):
            failure = _apply(database, view, kind, batch)
        for subject_id, wanted in batch.items() if failure else ():
            with _in_the_name_of([by_id[subject_id]] if subject_id in by_id else []):
                _apply(database, view, kind, {subject_id: wanted})
    return len(due)


_NAMED = 8


@contextlib.contextmanager
def _in_the_name_of(requests: Iterable[str]) -> Iterator[None]:
    """Log lines inside the block, here and on agents, carry the ids of the first few requests that caused the work."""
    held = log.request_id.set(",".join(list(dict.fromkeys(requests))[:_NAMED]))
    try:
        yield
    finally:
        log.request_id.reset(held)


def _apply(database: Database, view: View, kind: str, batch: dict[str, int]) -> bool:
    """Apply a batch. Returns True if several rows failed together, so that each must be tried alone."""
    try:
        reconcilers[kind].apply(view, batch)
    except Exception as error:
        if len(batch) > 1:
            return True
        if isinstance(error, Stale):
            _settle(database, kind, batch, "a newer revision is there already")
        else:
            _failed(database, kind, batch, error)
    else:
        _settle(database, kind, batch, None)
    return False


def _failed(database: Database, kind: str, batch: dict[str, int], error: Exception) -> None:
    if isinstance(error, Later):
        _settle(database, kind, batch, str(error), error.after)
        return
    log.fault(__name__, "reconciler failed", kind=kind, ids=list(batch))
    _settle(database, kind, batch, f"{type(error).__name__}: {error}")


def _settle(
    database: Database, kind: str, batch: dict[str, int], fault: str | None, after: float | None = None
) -> None:
    """`after`: seconds until the next attempt; None: exponential back-off."""

    def settle(tx: Transaction) -> None:
        if fault is None:
            followed = {"applied": 0, "lease_until": 0, "attempts": 0, "fault": None}
            keys = ({"kind": kind, "id": subject_id} for subject_id in batch)
            tx.update_many(dirty, [(key, {**followed, "applied": batch[key["id"]]}) for key in keys])
            return
        for subject_id in batch:
            this = {"kind": kind, "id": subject_id}
            row = tx.row(dirty, **this)
            tries = row["attempts"] if row else 0
            wait = min(0.2 * 2 ** min(tries, 8), 30.0) if after is None else after
            next_at = tx.now + round(wait * SECOND)
            tx.update(dirty, this, lease_until=0, attempts=tries + 1, fault=fault[:2000], next_at=next_at)
        tx.after_commit(work_later)

    database.write(settle, durable=False)


def run_sweeps(
    database: Database,
    locate: Callable[[type[Any]], Any],
    since: int = 0,
    start: Callable[[str, Callable[[], None]], None] | None = None,
    resting: dict[str, int] | None = None,
) -> None:
    """Run each sweep that is due, or that was last claimed before `since` (the start of this process, because much may
    have changed while no runner was there). The process that claims a sweep first runs it. `start(kind, run)` runs one,
    for example in a thread; None: one after the other. `resting`: kind → the instant before which a sweep that took more
    than its share does not run again; the caller keeps it. A failure, also of the claim, is logged and stops no other
    sweep."""
    now = clock.now()
    due = database.read(lambda tx: {row["kind"]: row["next_at"] for row in tx.rows(sweeps)})
    view = View(database, locate, rests=start is not None)
    for sweep in list(sweepers.values()):
        every = round(sweep.every * SECOND)
        next_at = due.get(sweep.kind, 0)
        if (next_at > now and next_at >= since + every) or (resting or {}).get(sweep.kind, 0) > now:
            continue

        def claim(tx: Transaction, kind: str = sweep.kind, every: int = every) -> bool:
            known = tx.scalar(sa.select(sweeps.c.next_at).where(sweeps.c.kind == kind))
            if known is not None and known > tx.now and known >= since + every:
                return False
            tx.upsert(sweeps, {"kind": kind}, {"next_at": tx.now + every})
            return True

        def run(sweep: Sweep = sweep, claim: Callable[[Transaction], bool] = claim) -> None:
            try:
                if database.write(claim, durable=False):
                    _sweep(view, sweep, {} if resting is None else resting)
            except Exception:
                log.fault(__name__, "sweep failed", kind=sweep.kind)

        if start is None:
            run()
        else:
            start(sweep.kind, run)


def _sweep(view: View, sweep: Sweep, resting: dict[str, int]) -> None:
    """Run the sweep. If it used more than its share, delay its next run."""
    began, spent = clock.now(), clock.spent()
    try:
        sweep.run(view)
    finally:
        every = (clock.spent() - spent) / SHARE
        if every > sweep.every and not sweep.punctual:
            resting[sweep.kind] = began + round(every * SECOND)


_NEXT = sa.select(
    sa.func.min(sa.case((dirty.c.lease_until > dirty.c.next_at, dirty.c.lease_until), else_=dirty.c.next_at))
).where(dirty.c.applied < dirty.c.wanted)


def next_due(tx: Transaction) -> int | None:
    """The instant at which the next unleased dirty row is due."""
    found: int | None = tx.scalar(_NEXT)
    return found
