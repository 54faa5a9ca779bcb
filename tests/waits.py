"""Waiting for a state that another thread or process is about to reach, and work that begins at once in many threads."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds that a wait may take. This only ends a broken test, and a loaded machine may be ten times as slow as an idle
one, so a smaller number gains nothing."""
PAUSE = 0.02


def until(met: Callable[[], T], what: str = "", within: float = PATIENCE, every: float = PAUSE) -> T:
    """The first result of `met` that is true. AssertionError, with `what` was waited for, if there is none in time."""
    stop = time.monotonic() + within
    while not (found := met()):
        assert time.monotonic() < stop, f"not within {within:.0f} s: {what or 'what was waited for'}"
        time.sleep(every)
    return found


def at_once(works: Iterable[Callable[[], T]]) -> list[T]:
    """The results of all works, which begin together, each in its own thread. Raises what the first that failed raised."""
    every = list(works)
    begin = threading.Barrier(len(every))

    def run(work: Callable[[], T]) -> T:
        begin.wait(PATIENCE)
        return work()

    with ThreadPoolExecutor(len(every)) as threads:
        return list(threads.map(run, every))


def ended(thread: threading.Thread | Any) -> None:
    """Wait until a thread has ended."""
    thread.join(PATIENCE)
    assert not thread.is_alive(), f"{thread.name} does not end"
