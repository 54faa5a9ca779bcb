"""Lanes: threads for slow work, apart from the threads that answer requests.

A process answers a limited number of requests at once (`Bounded`). A request that needs slow work, such as a password
hash, releases its place while a lane does the work, and takes a place again afterwards. Each lane has a limit too: a
request beyond it is refused at once with `Retry-After`.
"""

import os
import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from kumoi.kernel.errors import Unavailable

T = TypeVar("T")
LEAST_URGENT = 10
"""How much lower the priority (nice value) of lanes' threads is. They use the processor time that requests leave."""

_mine = threading.local()


class Bounded:
    """A WSGI application that answers at most `at_once` requests at once, those in a lane not counted."""

    def __init__(self, app: Callable[..., Iterable[bytes]], at_once: int) -> None:
        self.app = app
        self.places: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(at_once):
            self.places.put(None)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.places.get()
        _mine.places = self.places
        try:
            return self.app(environ, start_response)
        finally:
            _mine.places = None
            self.places.put(None)


class Lane:
    """Does one piece of work at a time, in a thread of its own. `waiting`: how many may wait."""

    def __init__(self, name: str, waiting: int) -> None:
        self.name = name
        self.waiting = waiting
        self._lock = threading.Lock()
        self._inside = 0
        self._pool: ThreadPoolExecutor | None = None
        os.register_at_fork(after_in_child=self._forget)

    def run(self, work: Callable[[], T]) -> T:
        """What the work returns or raises; Unavailable when too many wait already."""
        with self._lock:
            if self._inside > self.waiting:
                raise Unavailable(
                    f"Too much is asked of the cloud at the moment ({self.name}). Nothing was changed; try again.",
                    headers={"Retry-After": "1"},
                )
            self._inside += 1
            self._pool = self._pool or ThreadPoolExecutor(1, self.name, initializer=_lower)
            doing = self._pool.submit(work)
        places: queue.SimpleQueue[None] | None = getattr(_mine, "places", None)
        if places is not None:
            places.put(None)
        try:
            return doing.result()
        finally:
            with self._lock:
                self._inside -= 1
            if places is not None:
                places.get()

    def _forget(self) -> None:
        """A forked child has none of its parent's threads."""
        self._lock = threading.Lock()
        self._inside = 0
        self._pool = None


def _lower() -> None:
    """Of the calling thread alone."""
    os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + LEAST_URGENT)
