"""A private PostgreSQL for tests: fast, without durability, removed after the session."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql

from kumoi.kernel import clock
from kumoi.kernel.database import Database, metadata
from tests.waits import PATIENCE

INSTALLED = Path("/usr/lib/postgresql")
USER = "postgres"
"""Debian's system user, because PostgreSQL refuses to run as root."""
SWITCHES = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_pred_locks_per_transaction": "256",
}


def programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs; None if it is not installed."""
    found = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


_filled: dict[frozenset[str], bytes] = {}
"""SQLite's file when it holds the tables of these names, and no row."""


def make_tables(database: Database) -> None:
    """Faster than `Database.create_all`, which queries the database about each table. Most tests use new files, or
    copies of `filled_template`, which has all tables."""
    names = frozenset(metadata.tables)
    if database.dialect == "sqlite":
        path = Path(sa.make_url(database.url).database or "")
        if not path.exists():
            path.write_bytes(_filled.get(names) or _filled.setdefault(names, _fill()))
            return
    elif names <= set(database.read(lambda tx: tx.execute(sa.text(_THERE)).scalars())):
        return
    database.create_all()


_THERE = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"


def _fill() -> bytes:
    with tempfile.TemporaryDirectory(prefix="k-") as folder:
        path = Path(folder) / "kumoi.db"
        database = Database(f"sqlite:///{path}")
        database.create_all()
        database.close()
        return path.read_bytes()


@dataclass(frozen=True)
class Content:
    """The rows of each table that has any, as COPY writes them, and the last value of each sequence that gave one."""

    rows: Mapping[str, bytes]
    sequences: Mapping[str, int | None]


_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_SEQUENCES = "SELECT sequencename::text, last_value FROM pg_sequences WHERE schemaname = 'public'"
_ALONE = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_EMPTY = """
DO $$ DECLARE name text; filled boolean; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
        IF filled THEN EXECUTE format('DELETE FROM %I', name); END IF;
    END LOOP;
END $$
"""
_SHAPE = """
SELECT relname, relkind, (SELECT string_agg(format('%s %s %s', attname, atttypid, attnotnull), ', ' ORDER BY attnum)
                          FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0)
FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname
"""


class PostgreSQL:
    """A server on a unix socket below /tmp. Call `start` in the main thread, because the server ends with the thread
    that starts it."""

    def __init__(self, folder: Path, server: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.server = server
        self.made = 0
        self._idle: dict[str, list[str]] = {}
        self._written: dict[str, int] = {}
        self._shapes: dict[str, object] = {}
        self.rest = 0.0
        """Seconds before a killed server is restarted."""
        self._kept: threading.Thread | None = None
        self._stopped = threading.Event()

    @classmethod
    def start(cls, **switches: str) -> "PostgreSQL":
        """`switches` precede SWITCHES. A test in which the server crashes keeps its commits only with
        `synchronous_commit` on."""
        binaries = programs()
        assert binaries is not None, "PostgreSQL is not installed"
        folder = Path(tempfile.mkdtemp(prefix="k-pg-", dir="/tmp"))
        folder.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(folder, USER, USER)
        data = folder / "data"
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "kumoi", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*_demoted(), *initdb, "--locale=C", "--no-sync"], check=True, capture_output=True, cwd=folder, timeout=60
        )
        words = [word for name, value in {**SWITCHES, **switches}.items() for word in ("-c", f"{name}={value}")]
        argv = [*_demoted(), str(binaries / "postgres"), "-D", str(data), "-k", str(folder), *words]
        started = cls(folder, _launch(folder, argv))
        try:
            started.wait()
        except BaseException:
            started.stop()
            raise
        return started

    def url(self, name: str) -> str:
        """The URL for `settings.database`."""
        return f"postgresql://kumoi@/{name}?host={self.folder}"

    def fresh(self, template: str = "template0") -> str:
        """The name of a new database: empty, or a copy of one without connections."""
        self.made += 1
        name = f"test_{os.getpid()}_{self.made}"  # forked processes create theirs at the same time
        with self._administering() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[call-overload]
        return name

    @contextlib.contextmanager
    def lent(self, template: str) -> Iterator[str]:
        """The name of a database with the template's tables and no row. The next test gets the same database, unless this
        test changed its tables: creating and dropping a database costs 20 times as much as emptying one."""
        idle = self._idle.setdefault(template, [])
        name = idle.pop() if idle else self.fresh(template)
        try:
            yield name
        finally:
            self.write_content(name, Content({}, {}))
            if template not in self._shapes:
                self._shapes[template] = self._shape(template)
            if self._shape(name) == self._shapes[template]:
                idle.append(name)
            else:
                self.drop(name)

    def _shape(self, name: str) -> object:
        with psycopg.connect(self.url(name)) as connection:
            return connection.execute(_SHAPE).fetchall()

    def content(self, name: str) -> "Content":
        """Every row of a database."""
        with psycopg.connect(self.url(name)) as connection:
            rows = {}
            for table in connection.execute(_TABLES).fetchall():
                with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(*table))) as copied:
                    if written := b"".join(map(bytes, copied)):
                        rows[table[0]] = written
            return Content(rows, dict(connection.execute(_SEQUENCES).fetchall()))

    def write_content(self, name: str, content: "Content") -> None:
        """Replace all rows of a database. Open connections to it are ended."""
        with psycopg.connect(self.url(name)) as connection:
            connection.execute(_ALONE)
            connection.execute("SET session_replication_role = replica")  # foreign keys are not checked in between
            connection.execute(_EMPTY)
            for table, rows in content.rows.items():
                with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copied:
                    copied.write(rows)
            for sequence, last in connection.execute(_SEQUENCES).fetchall():
                if last != (wanted := content.sequences.get(sequence)):
                    connection.execute("SELECT setval(%s, %s, %s)", (sequence, wanted or 1, wanted is not None))
        self._written[name] = self._written.get(name, 0) + 1
        if self._written[name] % 25 == 0:
            with psycopg.connect(self.url(name), autocommit=True) as connection:
                connection.execute("VACUUM")

    def drop(self, name: str) -> None:
        with self._administering() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[call-overload]

    def keep(self) -> None:
        """Restart it, after `rest`, whenever it ends. Runs in a thread that stays, because the server ends with the
        thread that started it."""

        def look() -> None:
            while True:
                self.server.wait()
                if self._stopped.wait(self.rest):
                    return
                self.server = _launch(self.folder, self.server.args)  # type: ignore[arg-type]

        self._kept = threading.Thread(target=look, name="keeps PostgreSQL", daemon=True)
        self._kept.start()

    def crash(self, rest: float) -> None:
        """Kill all its processes. It is restarted after `rest` seconds (`keep`), and recovers."""
        self.rest, ended = rest, self.server
        ended.send_signal(signal.SIGQUIT)
        ended.wait(timeout=PATIENCE)

    def backends(self, name: str) -> list[int]:
        """Process ids of the backends of a database. If one is killed, PostgreSQL restarts all of them."""
        with self._administering() as connection:
            asked = "SELECT pid FROM pg_stat_activity WHERE datname = %s ORDER BY pid"
            return [int(str(pid)) for (pid,) in connection.execute(asked, (name,))]

    def stop(self) -> None:
        self._stopped.set()
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait(timeout=PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def _administering(self) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            yield connection

    def wait(self) -> None:
        """Wait until it answers."""
        deadline = clock.monotonic() + PATIENCE
        while True:
            try:
                with self._administering():
                    return
            except psycopg.OperationalError as error:
                if (self.server.poll() is not None and not self._kept) or clock.monotonic() > deadline:
                    said = (self.folder / "log").read_text()[-2000:]
                    raise RuntimeError(f"PostgreSQL does not start: {said}") from error
            clock.sleep(0.02)


def _launch(folder: Path, argv: list[str]) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder)


def _demoted() -> list[str]:
    words = ["setpriv", "--pdeathsig=QUIT"]
    if os.getuid() == 0:
        words += [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    return [*words, "--"]
