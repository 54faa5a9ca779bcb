"""Processes load while `kumoi up` still writes what they are to find, and open the cloud when that is there."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from kumoi.kernel import clock
from kumoi.kernel.settings import Folder

PREPARED_WITHIN = 120.0


@contextmanager
def preparing(folder: Folder) -> Iterator[None]:
    """Keys, tables and first rows are being written; over with the block, or with this process."""
    with folder.preparing.open("w") as lock:
        folder.preparing.chmod(0o644)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wait(folder: Folder) -> None:
    """Until nothing is being prepared; TimeoutError after PREPARED_WITHIN seconds."""
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
