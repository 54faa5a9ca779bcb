"""Transactions on SQLite and PostgreSQL. They are short and synchronous, and are run again as a whole after a conflict,
or if the connection broke before the commit was sent."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeVar, cast, get_args, overload

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from kumoi.kernel import clock, connections, log, patterns, randomness, wakeup
from kumoi.kernel.errors import OutcomeUnknown

T = TypeVar("T")
R = TypeVar("R", bound=Mapping[str, Any])
ATTEMPTS = 20
"""Attempts of a transaction that conflicts with others."""
PATIENCE = 10.0
"""Seconds for which a transaction is retried while the database is unreachable or locked."""
OUTCOME_SECONDS = 20.0
"""Seconds for which the outcome of an unanswered commit is looked up. Longer than the server tolerates a silent
client."""
WAIT_FOR_TURN = 30.0
"""Seconds (PostgreSQL)."""
PATIENT_AFTER = 4
"""Attempts after which a conflicting transaction takes the advisory lock (PostgreSQL; SQLite's writers are always
serialized)."""
TURN = 0x6B756D6F69
"""The advisory lock that serializes conflicting transactions."""

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


class Table(sa.Table, Generic[R]):
    """A table with the type of its rows, a TypedDict: `servers = Table[ServerRow]("compute_servers", metadata, …)`.
    `tests/architecture/test_rows.py` compares the type with the columns."""


def row_type(table: Table[R]) -> type[R]:
    """The type of the table's rows; TypeError if the table was created without one."""
    # Python sets __orig_class__ on an instance of `Table[Row]`.
    types = get_args(getattr(table, "__orig_class__", None))
    if not types:
        raise TypeError(f"{table.name} is not made as Table[…Row](…), with the TypedDict of its rows")
    row: type[R] = types[0]
    return row


_SEVERAL = (list, tuple, set, frozenset)

# Building a statement takes longer than SQLite takes to execute it, so statements that differ only in values are built
# once.


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


def _keys(result: sa.CursorResult[Any], row: type[Any] | None) -> list[str]:
    """The names of the columns; TypeError if they are not the keys of `row`."""
    keys = [str(key) for key in result.keys()]
    if row is not None and row.__required_keys__ != frozenset(keys):
        raise TypeError(f"{row.__name__} has {sorted(row.__required_keys__)}, the statement gives {sorted(keys)}")
    return keys


def _keyed(key: Mapping[str, Any]) -> dict[str, Any]:
    return {f"key_{name}": value for name, value in key.items()}


class Transaction:
    """The only interface of logic and stores to the database. `now` is constant within one attempt; ids are new in
    each."""

    def __init__(self, connection: sa.Connection, dialect: str) -> None:
        self.connection = connection
        self.dialect = dialect
        self.now = clock.now()
        self.declared_quota: frozenset[str] | None = None
        self._after: list[Callable[[], None]] = []

    def execute(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult[Any]:
        return self.connection.execute(statement, parameters)

    @overload
    def all(self, statement: sa.Executable, row: type[R], parameters: Any = None) -> list[R]: ...

    @overload
    def all(self, statement: sa.Executable, row: None = None, parameters: Any = None) -> list[dict[str, Any]]: ...

    def all(self, statement: sa.Executable, row: type[Any] | None = None, parameters: Any = None) -> list[Any]:
        """Rows as dicts of the type `row`, column name → value."""
        result = self.connection.execute(statement, parameters)
        keys = _keys(result, row)
        return [dict(zip(keys, values, strict=True)) for values in result.all()]

    def tuples(self, statement: sa.Executable, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Rows as plain tuples, for bulk reads."""
        return [tuple(row) for row in self.connection.execute(statement, parameters).all()]

    def column(self, statement: sa.Executable, parameters: Any = None) -> list[Any]:
        """The first column of all rows."""
        return list(self.connection.execute(statement, parameters).scalars().all())

    @overload
    def one(self, statement: sa.Executable, row: type[R], parameters: Any = None) -> R | None: ...

    @overload
    def one(self, statement: sa.Executable, row: None = None, parameters: Any = None) -> dict[str, Any] | None: ...

    def one(self, statement: sa.Executable, row: type[Any] | None = None, parameters: Any = None) -> Any:
        """The first row as a dict of the type `row`, or None."""
        result = self.connection.execute(statement, parameters)
        values = result.first()
        return None if values is None else dict(zip(_keys(result, row), values, strict=True))

    def scalar(self, statement: sa.Executable, parameters: Any = None) -> Any:
        """The first column of the first row, or None."""
        return self.connection.execute(statement, parameters).scalar()

    def row(self, table: Table[R], /, **key: Any) -> R | None:
        """The first row whose columns have these values, or None."""
        return cast(R | None, self.one(_select(table, tuple(key), ()), None, key))

    def rows(self, table: Table[R], /, *order_by: sa.Column[Any], **key: Any) -> list[R]:
        """The rows whose columns have these values; a list, tuple or set of values means any of them."""
        values = {name: list(value) if isinstance(value, _SEVERAL) else [value] for name, value in key.items()}
        several = tuple(name for name, value in values.items() if len(value) != 1)
        chosen = {name: value if name in several else value[0] for name, value in values.items()}
        return cast(list[R], self.all(_select(table, tuple(key), several, order_by), None, chosen))

    def insert(self, table: sa.Table, /, **values: Any) -> None:
        """Insert a row with some of its columns. The database fills in the others."""
        self.connection.execute(_insert(table), values)

    def insert_row(self, table: Table[R], row: R) -> None:
        """Insert a complete row."""
        self.connection.execute(_insert(table), row)

    def insert_many(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            self.connection.execute(_insert(table), rows)

    def update(self, table: sa.Table, key: Mapping[str, Any], **values: Any) -> int:
        """Set `values` (no SQL expressions) in the rows whose columns equal `key`. Returns the number of rows."""
        return self.connection.execute(_update(table, tuple(key)), {**_keyed(key), **values}).rowcount

    def update_many(self, table: sa.Table, changes: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        """As `update`, for many (key, values) with the same columns."""
        if changes:
            statement = _update(table, tuple(changes[0][0]))
            self.connection.execute(statement, [{**_keyed(key), **values} for key, values in changes])

    def changed(self, statement: sa.Executable, parameters: Any = None) -> int:
        """The number of rows that an UPDATE or DELETE changed."""
        return self.execute(statement, parameters).rowcount

    def upsert(self, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Insert, or update `values` if a row with the primary or unique `key` exists. Values may be SQL
        expressions."""
        first = {name: value for name, value in values.items() if not isinstance(value, sa.ColumnElement)}
        self.connection.execute(
            INSERT[self.dialect](table)
            .values({**key, **first})
            .on_conflict_do_update(index_elements=list(key), set_=dict(values))
        )

    def check_pattern(self, text: str, parameter: str) -> str:
        """Check that `regexp_match` of this database supports a regular expression; BadRequest with the parameter's
        name if not. The databases differ, and a rejected expression would abort the transaction."""
        patterns.check(text, parameter)
        if self.dialect == "postgresql":
            try:
                self.scalar(sa.select(sa.literal("").regexp_match(text)))
            except DBAPIError as error:
                if connections.sqlstate(error) != "2201B":
                    raise
                raise patterns.refused(parameter, str(error.orig).strip().partition("\n")[0]) from None
        return text

    def new_uuid(self) -> str:
        return randomness.new_uuid()

    def new_hex(self) -> str:
        return randomness.new_hex()

    def random_bytes(self, count: int) -> bytes:
        return randomness.random_bytes(count)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` after the commit. For wake-ups only: nothing that may fail or must happen."""
        if action not in self._after:
            self._after.append(action)


class Database:
    """One per process. `write` commits changes; `read` sees one consistent instant and cannot change anything. Both
    raise DatabaseAway after `patience` seconds without success."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        # Parameters are not part of error messages, because errors are logged and parameters may be secrets.
        self.url = url
        self.patience = patience
        self.dialect = sa.make_url(url).get_backend_name()
        self._one_writer: threading.Lock | None = None
        self.glances: connections.Glances | None = None
        """Only on SQLite."""
        self._errors: tuple[type[Exception], ...] = (DBAPIError,)
        if self.dialect == "sqlite":
            self._one_writer = threading.Lock()
            self._writer = sa.create_engine(url, pool_size=4, max_overflow=32, hide_parameters=True)
            self._reader = sa.create_engine(url, pool_size=8, max_overflow=32, hide_parameters=True)
            connections.prepare_sqlite(self._writer, connections.WRITERS_LOOK_MS, connections.begin_writing)
            connections.prepare_sqlite(self._reader, connections.WAIT_FOR_READER_MS, connections.begin_reading)
            if path := sa.make_url(url).database:
                self.glances = connections.Glances(path)
        else:
            # here, because it costs every process 6 MiB
            import psycopg

            self._errors = (DBAPIError, psycopg.Error)
            full = sa.make_url(url).set(drivername="postgresql+psycopg")
            self._writer = sa.create_engine(
                full, isolation_level="SERIALIZABLE", pool_size=4, max_overflow=32, hide_parameters=True,
                connect_args=connections.bounds(full),
            )  # fmt: skip
            event.listen(self._writer, "handle_error", connections.hide_row_values)
            event.listen(self._writer, "connect", connections.note_life)
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        """Run `work` in one transaction. It is run again, as a whole, after a conflict, or if the connection broke and
        nothing was committed. `durable` False: a power cut may lose it (SQLite only); for changes that are harmless to
        repeat. DatabaseAway: nothing is changed. OutcomeUnknown: it may have been committed."""
        trying = connections.Trying(self.patience)
        attempt = 1
        while True:
            try:
                result, after, wrote = self._attempt(work, durable, attempt, trying.until)
                break
            except self._errors as error:
                if connections.lost(error, attempt):
                    if attempt == ATTEMPTS:
                        raise connections.away(error) from error
                    attempt += 1
                    clock.sleep(min(0.001 * 2**attempt, 0.2) * (0.5 + randomness.below(1000) / 1000))
                elif connections.passes(error):
                    trying.pause(error)
                else:
                    raise
        for action in after:
            action()
        if wrote:
            wakeup.committed()
        return result

    def _attempt(
        self, work: Callable[[Transaction], T], durable: bool, attempt: int, until: float
    ) -> tuple[T, list[Callable[[], None]], bool]:
        """The result, what to do after the commit, and whether anything was written."""
        with self._alone(until), self._writer.connect() as connection:
            if self.dialect == "sqlite":
                connection.info["until"] = until
                wanted = "FULL" if durable else "NORMAL"
                if connection.info.get("synchronous") != wanted:
                    raw = connection.connection.driver_connection
                    assert raw is not None
                    raw.execute(f"PRAGMA synchronous={wanted}")
                    connection.info["synchronous"] = wanted
            with self._turn(connection, attempt), connection.begin() as begun:
                transaction = Transaction(connection, self.dialect)
                raw = connection.connection.driver_connection
                assert raw is not None
                before = raw.total_changes if self.dialect == "sqlite" else 0
                result = work(transaction)
                if self.dialect == "postgresql":
                    wrote = self._commit(connection, begun)
                else:
                    wrote = raw.total_changes > before
        return result, transaction._after, wrote

    def _commit(self, connection: sa.Connection, begun: sa.RootTransaction) -> bool:
        """Commit. If the reply is lost, look up the outcome. Returns whether anything was written."""
        xid = connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()::text").scalar()
        life = connection.info["life"]
        try:
            begun.commit()
        except DBAPIError as error:
            # A transaction without an id has written nothing.
            if xid is None or not error.connection_invalidated or not self._committed(xid, life):
                raise
        return xid is not None

    def _committed(self, xid: str, life: str) -> bool:
        """Whether the transaction was committed, as soon as that is final; OutcomeUnknown if it cannot be
        determined."""
        trying = connections.Trying(OUTCOME_SECONDS)
        while True:
            try:
                with self._reader.connect() as connection:
                    asked = connection.exec_driver_sql("SELECT pg_xact_status(%s::xid8)", (xid,))
                    status, lives_on = asked.scalar(), connection.info["life"] == life
                if status == "committed" and lives_on:
                    return True
                # A server that crashed may assign the same id again if the id was not on its disk.
                if status == "aborted" or (status == "in progress" and not lives_on):
                    return False
                if status != "in progress":
                    break
            except self._errors as error:
                if connections.sqlstate(error) == "22023":  # "in the future": a crash forgot it
                    return False
            if trying.over:
                break
            trying.wait()
        log.say(__name__, "the outcome of a commit is not known", transaction=xid)
        raise OutcomeUnknown

    @contextlib.contextmanager
    def _alone(self, until: float) -> Iterator[None]:
        """On SQLite only one thread of a process writes at a time."""
        if self._one_writer is None:
            yield
            return
        if not self._one_writer.acquire(timeout=max(0.0, until - clock.monotonic())):
            raise connections.away("another thread writes")
        try:
            yield
        finally:
            self._one_writer.release()

    @contextlib.contextmanager
    def _turn(self, connection: sa.Connection, attempt: int) -> Iterator[None]:
        """Serialize transactions that conflict repeatedly, because otherwise they could conflict forever. The lock is
        taken before the transaction begins, because a snapshot from before the wait would be outdated."""
        if self.dialect != "postgresql" or attempt <= PATIENT_AFTER:
            yield
            return
        raw: Any = connection.connection.driver_connection
        bounds = {"lock_timeout": WAIT_FOR_TURN, "statement_timeout": WAIT_FOR_TURN + 1}
        if raw.info.server_version >= 140000:
            # A client that stalls between the lock and the transaction has no transaction that a timeout could end.
            bounds["idle_session_timeout"] = connections.SESSION_SECONDS["idle_in_transaction_session_timeout"]
        try:
            raw.autocommit = True
            connections.set_seconds(raw, bounds)
            raw.execute("SELECT pg_advisory_lock(%s)", (TURN,))
            connections.set_seconds(raw, {"statement_timeout": connections.SESSION_SECONDS["statement_timeout"]})
            raw.autocommit = False
            yield
        finally:
            try:
                raw.rollback()
                raw.autocommit = True
                raw.execute("SELECT pg_advisory_unlock_all()")
                raw.execute("; ".join(f"RESET {name}" for name in bounds))
                raw.autocommit = False
            except self._errors:
                # What was committed stays committed. The lock ends with its connection.
                connection.invalidate()

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one instant; again when the connection broke."""
        trying = connections.Trying(self.patience)
        while True:
            try:
                with self._reader.connect() as connection, connection.begin():
                    return work(Transaction(connection, self.dialect))
            except self._errors as error:
                if not connections.passes(error):
                    raise
                trying.pause(error)

    def create_all(self) -> None:
        """Create all tables without migrations, for tests."""
        with self.connection() as connection, connection.begin():
            metadata.create_all(connection)

    @contextlib.contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """A plain connection with ADMIN_SECONDS, for migrations and backup."""
        with self._writer.connect() as connection:
            if self.dialect == "postgresql":
                raw: Any = connection.connection.driver_connection
                connection.detach()
                raw.autocommit = True
                connections.set_seconds(raw, connections.ADMIN_SECONDS)
                raw.autocommit = False
            else:
                connection.info["until"] = clock.monotonic() + connections.ADMIN_SECONDS["lock_timeout"]
            yield connection

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()
        if self.glances is not None:
            self.glances.close()
