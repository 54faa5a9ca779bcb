"""A proxy to PostgreSQL that a test can cut, before a commit arrives or before its reply does."""

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from kumoi.kernel import clock
from tests.databases import PostgreSQL

SOCKET = ".s.PGSQL.5432"


class Wire:
    """Forwards every connection to `url`. Call `end` when done."""

    def __init__(self, server: PostgreSQL) -> None:
        self.server = server
        self.folder = Path(tempfile.mkdtemp(prefix="k-wire-", dir="/tmp"))
        self.dead = False
        """No connection works."""
        self.at_commit: Callable[[], bool] | None = None
        """Called once for the next COMMIT: whether it reaches the server. Then the client's connection is broken."""
        self.hold = 0.0
        """Seconds until the server gets that COMMIT, or learns that its client is gone."""
        self._ends: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / SOCKET))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, name: str) -> str:
        """The URL for `settings.database`."""
        return f"postgresql://kumoi@/{name}?host={self.folder}"

    def cut(self) -> None:
        """Break all connections."""
        ends, self._ends = self._ends, []
        for end in ends:
            _shut(end)

    def end(self) -> None:
        self.dead = True
        _shut(self._listener)
        self.cut()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self.dead:
                    near.close()
                    continue
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self.server.folder / SOCKET))
                self._ends += [near, far]
                for pump in (self._ask, self._answer):
                    threading.Thread(target=pump, args=(near, far), daemon=True).start()

    def _ask(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := near.recv(65536):
                if (arm := self.at_commit) and b"COMMIT" in said:
                    self.at_commit = None
                    arrives = arm()
                    _shut(near)
                    clock.sleep(self.hold)
                    if not arrives:
                        break
                far.sendall(said)
        _shut(far)

    def _answer(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := far.recv(65536):
                near.sendall(said)
        _shut(near)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
