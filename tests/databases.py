"""A PostgreSQL of the tests' own: private, unsafe and quick, gone with the session."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from kumoi.kernel import clock

INSTALLED = Path("/usr/lib/postgresql")
USER = "postgres"
"""Debian's system user, for PostgreSQL refuses to run as root."""
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
    """The folder of the newest PostgreSQL's programs; None: there is none."""
    found = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class PostgreSQL:
    """A server on a unix socket below /tmp; `start` in the main thread, for it ends when that does."""

    def __init__(self, folder: Path, server: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.server = server
        self.made = 0

    @classmethod
    def start(cls, **switches: str) -> "PostgreSQL":
        """`switches` go before SWITCHES: a test in which the server crashes keeps what it answered only with
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
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [*_demoted(), str(binaries / "postgres"), "-D", str(data), "-k", str(folder), *words],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=folder,
            )
        started = cls(folder, server)
        try:
            started._wait()
        except BaseException:
            started.stop()
            raise
        return started

    def url(self, name: str) -> str:
        """As `settings.database` takes it."""
        return f"postgresql://kumoi@/{name}?host={self.folder}"

    def fresh(self, template: str = "template0") -> str:
        """The name of a new database: an empty one, or a copy of one that nobody is connected to."""
        self.made += 1
        name = f"test_{os.getpid()}_{self.made}"  # forked processes make theirs beside each other
        with self._administering() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[call-overload]
        return name

    def copy(self, template: str, name: str) -> None:
        """The database `name` is a copy of another from now on; nobody may be connected to either."""
        self.drop(name)
        with self._administering() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[call-overload]

    def drop(self, name: str) -> None:
        with self._administering() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[call-overload]

    def stop(self) -> None:
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def _administering(self) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            yield connection

    def _wait(self) -> None:
        deadline = clock.monotonic() + 30
        while True:
            try:
                with self._administering():
                    return
            except psycopg.OperationalError as error:
                if self.server.poll() is not None or clock.monotonic() > deadline:
                    said = (self.folder / "log").read_text()[-2000:]
                    raise RuntimeError(f"PostgreSQL does not start: {said}") from error
            clock.sleep(0.02)


def _demoted() -> list[str]:
    words = ["setpriv", "--pdeathsig=QUIT"]
    if os.getuid() == 0:
        words += [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    return [*words, "--"]
