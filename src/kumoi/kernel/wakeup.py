"""Wake-ups between processes of one machine, so that queued work starts at once. A lost one costs a poll interval."""

import contextlib
import os
import socket
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path


class Work(StrEnum):
    """The reason for a wake-up."""

    OPERATION = "operation"
    """An operation is due."""
    DIRTY = "dirty"
    """Rows are dirty."""
    LATER = "later"
    """Something will be due earlier than the receiver knows."""
    COMMIT = "commit"
    """Rows were written."""


class Bell:
    """Sends a datagram with the reason. It never blocks and never fails."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if path else None
        if self._socket:
            self._socket.setblocking(False)

    def ring(self, work: Work) -> None:
        if self._socket:
            with contextlib.suppress(OSError):
                self._socket.sendto(work.encode(), str(self.path))


class BellListener:
    """Receives the wake-ups since the last call."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        os.chmod(path, 0o660)

    def fileno(self) -> int:
        return self._socket.fileno()

    def wait(self, seconds: float) -> set[str]:
        """Wait for a wake-up, at most `seconds`; returns the reasons."""
        self._socket.settimeout(max(seconds, 0.001))
        heard = set()
        with contextlib.suppress(OSError):
            heard.add(self._socket.recv(16).decode())
            self._socket.setblocking(False)
            while True:
                heard.add(self._socket.recv(16).decode())
        return heard

    def close(self) -> None:
        self._socket.close()


_ring: Callable[[Work], None] = lambda _: None  # noqa: E731
_announce: Callable[[Work], None] = _ring


def wake_with(action: Callable[[Work], None]) -> None:
    """Set how this process wakes the runner."""
    global _ring
    _ring = action


def announce_with(action: Callable[[Work], None]) -> None:
    """Set how this process tells the followers of changes that it wrote rows."""
    global _announce
    _announce = action


def committed() -> None:
    _announce(Work.COMMIT)


def operation_due() -> None:
    _ring(Work.OPERATION)


def rows_dirty() -> None:
    _ring(Work.DIRTY)


def work_later() -> None:
    _ring(Work.LATER)
