"""Connections to SQLite and PostgreSQL: setup, classification of errors, and retry limits."""

import contextlib
import os
import queue
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError

from kumoi.kernel import clock, log, patterns, randomness
from kumoi.kernel.errors import DatabaseAway

SESSION_SECONDS = {"statement_timeout": 15.0, "lock_timeout": 12.0, "idle_in_transaction_session_timeout": 10.0}
"""Timeouts after which PostgreSQL ends a statement, a wait for a lock, and the transaction of a stalled or lost client.
They are much shorter than a lease, so that a stalled runner does not block the others."""
ADMIN_SECONDS = {"statement_timeout": 3600.0, "lock_timeout": 60.0, "idle_in_transaction_session_timeout": 600.0}
"""The same for migrations."""
CONNECTING = {
    "connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000,
}  # fmt: skip
"""libpq's parameters for the detection of a dead server: seconds, tries, and milliseconds in the last."""
WAIT_FOR_READER_MS = 30_000
"""How long a reader on SQLite waits while the database is recovered or checkpointed. It never waits for a writer."""
WRITERS_LOOK_MS = 1
"""Milliseconds between two checks whether another process's transaction has ended (SQLite)."""


def prepare_sqlite(engine: sa.Engine, busy_ms: int, begin: Callable[[sa.Connection], None]) -> None:
    """Each connection waits `busy_ms` for another's lock. `begin` begins its transactions."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={busy_ms}", "synchronous=FULL",
            "cache_size=-4096", "temp_store=MEMORY",
        ):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")
        # Replaces SQLAlchemy's function, which uses Python's `re` and may take hours for one name.
        connection.create_function("regexp", 2, patterns.found, deterministic=True)

    event.listen(engine, "begin", begin)


class Trying:
    """Limits the time for which a temporary failure is retried."""

    def __init__(self, seconds: float) -> None:
        self.until = clock.monotonic() + seconds
        self.pauses = 0

    @property
    def over(self) -> bool:
        return clock.monotonic() >= self.until

    def wait(self) -> None:
        """Longer each time."""
        self.pauses += 1
        clock.sleep(min(0.01 * 2**self.pauses, 0.5) * (0.5 + randomness.below(1000) / 1000))

    def pause(self, error: Exception) -> None:
        """As `wait`; DatabaseAway when the time is over. A thread that was itself stalled while its connection was
        ended gets another attempt."""
        if self.over and (self.pauses or not getattr(error, "connection_invalidated", False)):
            raise away(error) from error
        self.wait()


def away(reason: object) -> DatabaseAway:
    said = str(getattr(reason, "orig", reason)).strip().partition("\n")[0]
    if full(reason):
        log.say(__name__, "the disk of the database is full", reason=said)
        return DatabaseAway("The disk of the database is full")
    log.say(__name__, "the database is away", reason=said)
    return DatabaseAway()


def full(reason: object) -> bool:
    original = getattr(reason, "orig", reason)
    if isinstance(original, sqlite3.Error):
        return getattr(original, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    return getattr(original, "sqlstate", None) == "53100"


def bounds(url: sa.URL) -> dict[str, Any]:
    """libpq's arguments for a server. Options in the URL take precedence."""
    session = [f"-c {name}={round(seconds * 1000)}" for name, seconds in SESSION_SECONDS.items()]
    wanted = {name: value for name, value in CONNECTING.items() if name not in url.query}
    return {**wanted, "options": " ".join([*session, str(url.query.get("options", ""))]).strip()}


def note_life(connection: Any, record: Any) -> None:
    """Record the start of the server's statistics. Only a crash resets them, apart from an explicit reset by a person,
    which can only make known outcomes unknown."""
    (life,) = connection.execute("SELECT extract(epoch FROM stats_reset)::text FROM pg_stat_bgwriter").fetchone()
    connection.rollback()
    record.info["life"] = life


def set_seconds(connection: Any, seconds: Mapping[str, float]) -> None:
    connection.execute("; ".join(f"SET {name} = {round(value * 1000)}" for name, value in seconds.items()))


class Glances:
    """Reads one value at a time from SQLite, outside transactions, for what every request asks: SQLAlchemy and a transaction
    around it cost ten times as much."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()

    def value(self, statement: str, *values: Any) -> Any:
        """The first column of the first row, as of the last commit; None without a row. sqlite3.Error."""
        if self._process != os.getpid():
            # A child uses no connection of its parent, and does not close one either.
            _inherited.append(self._idle)
            self._begin()
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = self._connect()
        try:
            row = connection.execute(statement, values).fetchone()
        except BaseException:
            connection.close()
            raise
        self._idle.put(connection)
        return None if row is None else row[0]

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        for pragma in (f"busy_timeout={WAIT_FOR_READER_MS}", "cache_size=-256", "query_only=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def close(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()


_inherited: list[object] = []


def begin_reading(connection: sa.Connection) -> None:
    raw = connection.connection.driver_connection
    assert raw is not None
    try:
        raw.execute("BEGIN")
    except sqlite3.OperationalError:
        # Repeated through SQLAlchemy, which is several times slower, so that errors have SQLAlchemy's types.
        connection.exec_driver_sql("BEGIN")


def begin_writing(connection: sa.Connection) -> None:
    """Waits for another process's transaction with short sleeps. SQLite's own sleeps grow with every attempt."""
    raw = connection.connection.driver_connection
    assert raw is not None
    until: float = connection.info["until"]
    # The attempts are also counted, because tests may stop the clock.
    for _ in range(max(1, round((until - clock.monotonic()) * 1000 / WRITERS_LOOK_MS))):
        try:
            raw.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if not busy(error) or clock.monotonic() >= until:
                break
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def hide_row_values(context: Any) -> None:
    """PostgreSQL's details of an error quote the row that it was about."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\nDETAIL:")[0], *error.args[1:])


def busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def sqlstate(error: Exception) -> str | None:
    return getattr(getattr(error, "orig", error), "sqlstate", None)


def lost(error: Exception, attempt: int) -> bool:
    """Whether it conflicted with another transaction and may succeed when it runs again. A unique row that appeared
    meanwhile counts for some attempts, because the logic then finds it and raises its own error."""
    return sqlstate(error) in ("40001", "40P01") or (isinstance(error, IntegrityError) and attempt < 3)


def passes(error: Exception) -> bool:
    """Whether the error depends on the database's state and not on the statement: unreachable, starting, full, an ended
    connection or statement, a lock."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    original = getattr(error, "orig", error)
    if isinstance(original, sqlite3.OperationalError):
        return busy(original) or original.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
    if isinstance(original, sqlite3.Error):
        return False
    import psycopg

    return isinstance(original, psycopg.OperationalError)
