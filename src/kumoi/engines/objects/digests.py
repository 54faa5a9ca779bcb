"""MD5 of bytes while they are written: hashing takes as long as writing, and both leave the interpreter to others."""

import hashlib
from concurrent.futures import Future

from kumoi.kernel.lanes import Threads

WORTHWHILE = 256 << 10
"""Bytes from which on another thread is worth its cost."""
_pool = Threads(4, "objects-digests")


class Digest:
    """Not thread-safe. `update` returns at once for many bytes; call `wait` before the next ones, and before the end."""

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._going: Future[None] | None = None

    def update(self, *data: bytes) -> None:
        if sum(map(len, data)) < WORTHWHILE:
            self._update(data)
        else:
            self._going = _pool.submit(self._update, data)

    def _update(self, data: tuple[bytes, ...]) -> None:
        for piece in data:
            self._md5.update(piece)

    def wait(self) -> None:
        going, self._going = self._going, None
        if going is not None:
            going.result()

    def hexdigest(self) -> str:
        self.wait()
        return self._md5.hexdigest()
