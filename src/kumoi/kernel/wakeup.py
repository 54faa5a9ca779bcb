"""A nudge between processes of one machine, so that queued work starts at once; losing one only costs a poll."""

import contextlib
import os
import socket
from pathlib import Path


class Bell:
    """Rings by an empty datagram; never blocks, never fails."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if path else None
        if self._socket:
            self._socket.setblocking(False)

    def ring(self) -> None:
        if self._socket:
            with contextlib.suppress(OSError):
                self._socket.sendto(b"", str(self.path))


class Ear:
    """Hears every bell rung since the last time."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        os.chmod(path, 0o660)

    def wait(self, seconds: float) -> bool:
        """Return when a bell rings, at the latest after `seconds`; whether one rang."""
        self._socket.settimeout(max(seconds, 0.001))
        rang = False
        with contextlib.suppress(OSError):
            self._socket.recv(1)
            rang = True
            self._socket.setblocking(False)
            while True:
                self._socket.recv(1)
        return rang

    def close(self) -> None:
        self._socket.close()
