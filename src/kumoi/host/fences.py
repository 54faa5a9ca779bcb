"""The highest generation seen of each subject, durably, and one order at a time for each."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from kumoi.kernel import clock, durable
from kumoi.kernel.fences import Busy, Fence, Stale

KEPT = 30 * 24 * 3600 * clock.SECOND
"""How long a subject is remembered after its last new generation, whether it was destroyed or not."""

PATIENCE = 45.0
"""Seconds that an order waits for the previous one. Less than the caller's deadline."""


class Fences:
    """Refuses orders of generations older than one already accepted, across restarts."""

    def __init__(self, path: Path) -> None:
        durable.make_folder(path.parent)
        self.database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute(
            "CREATE TABLE IF NOT EXISTS fence (subject TEXT PRIMARY KEY, generation INTEGER NOT NULL,"
            " risen_at INTEGER NOT NULL) WITHOUT ROWID"
        )
        self.database.execute("DELETE FROM fence WHERE risen_at < ?", (clock.now() - KEPT,))
        self.seen: dict[str, int] = dict(self.database.execute("SELECT subject, generation FROM fence"))
        self.lock = Lock()
        self.orders: dict[str, _Turn] = {}

    def close(self) -> None:
        with self.lock:
            self.database.close()

    def last(self, subject: str) -> Fence | None:
        """The newest fence accepted for a subject. The host uses it for its own repairs."""
        generation = self.seen.get(subject)
        return None if generation is None else Fence(subject, generation)

    @contextmanager
    def holding(self, fence: Fence, patience: float = PATIENCE) -> Iterator[None]:
        """Inside, this is the only order for its subject and no newer one was accepted; Stale or Busy otherwise."""
        with self._turn(fence.subject, patience):
            seen = self.seen.get(fence.subject, -1)
            if fence.generation < seen:
                newest = Fence(fence.subject, seen)
                raise Stale(f"{fence.subject}: generation {fence.generation} is older than {seen}", newest)
            if fence.generation > seen:
                self._raise(fence)
            yield

    def admit(self, fence: Fence, patience: float = PATIENCE) -> None:
        """As `holding`, for an order that does not block others."""
        with self.holding(fence, patience):
            pass

    @contextmanager
    def _turn(self, subject: str, patience: float) -> Iterator[None]:
        with self.lock:
            turn = self.orders.setdefault(subject, _Turn())
            turn.waiting += 1
        try:
            if not turn.lock.acquire(timeout=patience):
                raise Busy(f"{subject}: an earlier order is still being carried out")
            try:
                yield
            finally:
                turn.lock.release()
        finally:
            with self.lock:
                turn.waiting -= 1
                if not turn.waiting:
                    del self.orders[subject]

    def _raise(self, fence: Fence) -> None:
        with self.lock:
            self.database.execute(
                "INSERT INTO fence VALUES (?, ?, ?) ON CONFLICT (subject)"
                " DO UPDATE SET generation = excluded.generation, risen_at = excluded.risen_at",
                (fence.subject, fence.generation, clock.now()),
            )
            self.seen[fence.subject] = fence.generation


class _Turn:
    def __init__(self) -> None:
        self.lock = Lock()
        self.waiting = 0
