"""Lanes: threads for slow work, apart from the threads that answer requests.

A process answers a limited number of requests at once (`Bounded`). A request that needs slow work, such as a password
hash, releases its place while a lane does the work, and takes a place again afterwards. Each lane has a limit too: a
request beyond it is refused with `Retry-After`.
"""

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from kumoi.kernel.errors import Unavailable

T = TypeVar("T")
LEAST_URGENT = 10
"""How much lower the priority (nice value) of lanes' threads is. They use the processor time that requests leave."""
PATIENCE = 1.0
"""Seconds that a request waits for room in a lane before it is refused."""

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


class Threads(ThreadPoolExecutor):
    """A pool that a forked child begins anew, because it has none of the threads."""

    def __init__(self, most: int, name: str) -> None:
        super().__init__(most, name)
        os.register_at_fork(after_in_child=lambda: ThreadPoolExecutor.__init__(self, most, name))


class Lane:
    """Does one piece of work at a time, in a thread of its own. `waiting`: how many may wait. `asking`: how many more may
    wait in `wait_for_room`."""

    _room: threading.Condition
    _pool: ThreadPoolExecutor | None

    def __init__(self, name: str, waiting: int, asking: int = 0) -> None:
        self.name = name
        self.waiting = waiting
        self.asking = asking
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def wait_for_room(self, patience: float = PATIENCE) -> None:
        """To be called before anything else is done for a request that needs the lane. Returns when the lane has room;
        Unavailable if it has none for `patience` seconds, or at once if too many wait here. A refusal that takes a while
        keeps clients that ask again at once from using up the processor time of all others."""
        with self._room:
            if self._inside <= self.waiting:
                return
            if self._asking >= self.asking:
                raise self._full()
            self._asking += 1
        try:
            with _place_released(), self._room:
                if not self._room.wait_for(lambda: self._inside <= self.waiting, patience):
                    raise self._full()
        finally:
            with self._room:
                self._asking -= 1

    def run(self, work: Callable[[], T]) -> T:
        """The result or exception of the work; Unavailable if too many wait."""
        with self._room:
            if self._inside > self.waiting:
                raise self._full()
            self._inside += 1
            self._pool = self._pool or ThreadPoolExecutor(1, self.name, initializer=_lower)
            doing = self._pool.submit(work)
        with _place_released():
            try:
                return doing.result()
            finally:
                with self._room:
                    self._inside -= 1
                    self._room.notify()

    def _full(self) -> Unavailable:
        return Unavailable(
            f"The cloud is overloaded at the moment ({self.name}). Nothing was changed; try again.",
            headers={"Retry-After": "1"},
        )

    def _forget(self) -> None:
        """A forked child has none of its parent's threads."""
        self._room = threading.Condition(threading.Lock())
        self._inside = self._asking = 0
        self._pool = None


@contextmanager
def _place_released() -> Iterator[None]:
    """Inside the block, the request of this thread has no place of `Bounded`."""
    places: queue.SimpleQueue[None] | None = getattr(_mine, "places", None)
    if places is not None:
        places.put(None)
    try:
        yield
    finally:
        if places is not None:
            places.get()


def _lower() -> None:
    """Lower the priority of the calling thread."""
    os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + LEAST_URGENT)
