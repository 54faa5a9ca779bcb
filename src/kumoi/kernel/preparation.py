"""Processes load while `kumoi up` still writes keys, tables and first rows, and wait for it before they open the cloud."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from kumoi.kernel import clock, durable
from kumoi.kernel.settings import Folder

PREPARED_WITHIN = 120.0


@contextmanager
def preparing(folder: Folder) -> Iterator[None]:
    """Hold the lock while keys, tables and first rows are written. It ends with the block or with this process."""
    with durable.opened_for_locks(folder.preparing, mode=0o644) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wait(folder: Folder) -> None:
    """Wait until the preparation has ended; TimeoutError after PREPARED_WITHIN seconds."""
    try:
        lock = folder.preparing.open()
    except FileNotFoundError:
        return
    stop = clock.monotonic() + PREPARED_WITHIN
    with lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if clock.monotonic() > stop:
                    raise TimeoutError(f"kumoi up was not done within {PREPARED_WITHIN:.0f} s") from None
                clock.sleep(0.01)
