"""Transactions on SQLite and PostgreSQL: short, synchronous, run again as a whole when they conflict."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError

from kumoi.kernel import clock, randomness

T = TypeVar("T")
ATTEMPTS = 20
WAIT_FOR_WRITER_MS = 30_000
WRITERS_LOOK_MS = 1
"""Between two looks whether another process's transaction is over (SQLite)."""
PATIENT_AFTER = 4
"""Attempts after which a transaction that keeps losing takes its turn (PostgreSQL; SQLite's writers always do)."""
TURN = 0x6B756D6F69
"""The advisory lock that says whose turn it is."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of every service; names are prefixed by the service's (`compute_servers`)."""

INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""Dialect → its INSERT, which knows ON CONFLICT."""

Instant = sa.BigInteger
"""Microseconds since the epoch, UTC."""


_SEVERAL = (list, tuple, set, frozenset)

# Making a statement takes longer than SQLite takes to answer it, so those that differ in nothing but values are made once.


@cache
def _select(
    table: sa.Table, names: tuple[str, ...], several: tuple[str, ...], order_by: tuple[sa.Column[Any], ...] = ()
) -> sa.Select[Any]:
    conditions = [
        table.c[name].in_(sa.bindparam(name, expanding=True))
        if name in several
        else table.c[name] == sa.bindparam(name)
        for name in names
    ]
    return sa.select(table).where(*conditions).order_by(*order_by)


@cache
def _insert(table: sa.Table) -> sa.Insert:
    return table.insert()


@cache
def _update(table: sa.Table, names: tuple[str, ...]) -> sa.Update:
    return table.update().where(*(table.c[name] == sa.bindparam(f"key_{name}") for name in names))


def _keyed(key: Mapping[str, Any]) -> dict[str, Any]:
    return {f"key_{name}": value for name, value in key.items()}


class Transaction:
    """All that logic and store may touch. `now` stands still within one attempt; ids are new in each."""

    def __init__(self, connection: sa.Connection, dialect: str) -> None:
        self.connection = connection
        self.dialect = dialect
        self.now = clock.now()
        self.declared_quota: frozenset[str] | None = None
        self._after: list[Callable[[], None]] = []

    def execute(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult[Any]:
        return self.connection.execute(statement, parameters)

    def all(self, statement: sa.Executable, parameters: Any = None) -> list[dict[str, Any]]:
        """Rows as plain dicts, column name → value."""
        result = self.connection.execute(statement, parameters)
        keys = [str(key) for key in result.keys()]
        return [dict(zip(keys, row, strict=True)) for row in result]

    def tuples(self, statement: sa.Executable, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Rows as plain tuples, for bulk look-ups."""
        return [tuple(row) for row in self.connection.execute(statement, parameters)]

    def one(self, statement: sa.Executable, parameters: Any = None) -> dict[str, Any] | None:
        """The first row as a plain dict, or None."""
        result = self.connection.execute(statement, parameters)
        row = result.first()
        return None if row is None else dict(zip((str(key) for key in result.keys()), row, strict=True))

    def scalar(self, statement: sa.Executable, parameters: Any = None) -> Any:
        """The first column of the first row, or None."""
        return self.connection.execute(statement, parameters).scalar()

    def row(self, table: sa.Table, **key: Any) -> dict[str, Any] | None:
        """The first row whose columns have these values, or None."""
        return self.one(_select(table, tuple(key), ()), key)

    def rows(self, table: sa.Table, *order_by: sa.Column[Any], **key: Any) -> list[dict[str, Any]]:
        """The rows whose columns have these values; a list, tuple or set of values means any of them."""
        values = {name: list(value) if isinstance(value, _SEVERAL) else [value] for name, value in key.items()}
        several = tuple(name for name, value in values.items() if len(value) != 1)
        chosen = {name: value if name in several else value[0] for name, value in values.items()}
        return self.all(_select(table, tuple(key), several, order_by), chosen)

    def insert(self, table: sa.Table, **values: Any) -> None:
        self.connection.execute(_insert(table), values)

    def insert_many(self, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            self.connection.execute(_insert(table), rows)

    def update(self, table: sa.Table, key: Mapping[str, Any], **values: Any) -> int:
        """Set `values` (no SQL expressions) in the rows whose columns have the values of `key`; how many there were."""
        return self.connection.execute(_update(table, tuple(key)), {**_keyed(key), **values}).rowcount

    def update_many(self, table: sa.Table, changes: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        """As `update`, for many (key, values) that name the same columns."""
        if changes:
            statement = _update(table, tuple(changes[0][0]))
            self.connection.execute(statement, [{**_keyed(key), **values} for key, values in changes])

    def changed(self, statement: sa.Executable, parameters: Any = None) -> int:
        """How many rows an UPDATE or DELETE touched."""
        return self.execute(statement, parameters).rowcount

    def upsert(self, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Insert, or update `values` where the primary or unique `key` exists; values may be SQL expressions."""
        first = {name: value for name, value in values.items() if not isinstance(value, sa.ColumnElement)}
        self.connection.execute(
            INSERT[self.dialect](table)
            .values({**key, **first})
            .on_conflict_do_update(index_elements=list(key), set_=dict(values))
        )

    def new_uuid(self) -> str:
        return randomness.new_uuid()

    def new_hex(self) -> str:
        return randomness.new_hex()

    def random_bytes(self, count: int) -> bytes:
        return randomness.random_bytes(count)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the promise is on disk: wake-ups only, nothing that may fail or must happen."""
        self._after.append(action)


class Database:
    """One per process. `write` is for promises, `read` sees one consistent instant and cannot change anything."""

    def __init__(self, url: str) -> None:
        # Parameters are hidden from what errors say, for errors are logged and parameters may be secrets.
        self.url = url
        self.dialect = sa.make_url(url).get_backend_name()
        if self.dialect == "sqlite":
            self._writer = sa.create_engine(url, pool_size=4, max_overflow=32, hide_parameters=True)
            self._reader = sa.create_engine(url, pool_size=8, max_overflow=32, hide_parameters=True)
            self._prepare_sqlite(self._writer, WRITERS_LOOK_MS, _begin_writing)
            self._prepare_sqlite(self._reader, WAIT_FOR_WRITER_MS, _begin_reading)
        else:
            full = sa.make_url(url).set(drivername="postgresql+psycopg")
            self._writer = sa.create_engine(
                full, isolation_level="SERIALIZABLE", pool_size=4, max_overflow=32, hide_parameters=True
            )
            event.listen(self._writer, "handle_error", _hush)
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._one_writer: contextlib.AbstractContextManager[Any] = (
            threading.Lock() if self.dialect == "sqlite" else contextlib.nullcontext()
        )

    @staticmethod
    def _prepare_sqlite(engine: sa.Engine, busy_ms: int, begin: Callable[[sa.Connection], None]) -> None:
        @event.listens_for(engine, "connect")
        def connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            for pragma in (
                "journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={busy_ms}", "synchronous=FULL",
                "cache_size=-4096", "temp_store=MEMORY",
            ):  # fmt: skip
                connection.execute(f"PRAGMA {pragma}")

        event.listen(engine, "begin", begin)

    def write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        """Run `work` in one transaction; again, whole, when it lost against another. `durable` False: a power cut may
        forget it (SQLite only), for what is harmless to repeat."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._one_writer, self._writer.connect() as connection:
                    if self.dialect == "sqlite":
                        wanted = "FULL" if durable else "NORMAL"
                        if connection.info.get("synchronous") != wanted:
                            raw = connection.connection.driver_connection
                            assert raw is not None
                            raw.execute(f"PRAGMA synchronous={wanted}")
                            connection.info["synchronous"] = wanted
                    with self._turn(connection, attempt), connection.begin():
                        transaction = Transaction(connection, self.dialect)
                        result = work(transaction)
                break
            except DBAPIError as error:
                if attempt == ATTEMPTS or not _lost(error, attempt):
                    raise
            clock.sleep(min(0.002 * 2**attempt, 0.2) * (0.5 + randomness.below(1000) / 1000))
        for action in transaction._after:
            action()
        return result

    @contextlib.contextmanager
    def _turn(self, connection: sa.Connection, attempt: int) -> Iterator[None]:
        """Many that lose against each other would lose for ever; one after the other they do not. The lock is taken
        before the transaction begins, for a snapshot from before the wait would be old."""
        if self.dialect != "postgresql" or attempt <= PATIENT_AFTER:
            yield
            return
        raw: Any = connection.connection.driver_connection
        raw.autocommit = True
        raw.execute(f"SET lock_timeout = {WAIT_FOR_WRITER_MS}")
        raw.execute("SELECT pg_advisory_lock(%s)", (TURN,))
        raw.autocommit = False
        try:
            yield
        finally:
            if not raw.closed:
                raw.rollback()
                raw.autocommit = True
                raw.execute("SELECT pg_advisory_unlock(%s)", (TURN,))
                raw.execute("RESET lock_timeout")
                raw.autocommit = False

    def read(self, work: Callable[[Transaction], T]) -> T:
        with self._reader.connect() as connection, connection.begin():
            return work(Transaction(connection, self.dialect))

    def create_all(self) -> None:
        """All tables at once, without migrations: for tests."""
        metadata.create_all(self._writer)

    @contextlib.contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """A plain connection, for migrations and backup."""
        with self._writer.connect() as connection:
            yield connection

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()


def _begin_reading(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: sa.Connection) -> None:
    """SQLite's own way to wait for another process's transaction sleeps longer with every look; ours are short."""
    raw = connection.connection.driver_connection
    assert raw is not None
    for _ in range(WAIT_FOR_WRITER_MS // WRITERS_LOOK_MS):
        try:
            raw.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                break
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _hush(context: Any) -> None:
    """PostgreSQL's details of an error quote the row that it was about."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\nDETAIL:")[0], *error.args[1:])


def _lost(error: DBAPIError, attempt: int) -> bool:
    """Whether running the same work again may succeed. A unique row that appeared meanwhile counts for some attempts:
    the logic then meets it and answers in its own words."""
    original = error.orig
    if isinstance(original, sqlite3.OperationalError):
        return "locked" in str(original) or "busy" in str(original)
    if isinstance(original, psycopg.Error) and original.sqlstate in ("40001", "40P01"):
        return True
    return isinstance(error, IntegrityError) and attempt < 3
