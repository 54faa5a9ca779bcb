"""Downloads of this process, each in a thread of its own, so that a slow server holds no worker of the runner.

A step looks after its download again and again. A download that nobody looks after ends: its operation was superseded, or
another process has taken it over.
"""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from kumoi.kernel import clock, log

T = TypeVar("T")
MOST = 16
"""Downloads at once. Others wait."""
MOST_OF_ONE = 8
"""Downloads of one project at once, so that its slow servers leave room for others."""
LOOK_SECONDS = 0.2
"""How long a look waits for the end."""
FORSAKEN_SECONDS = 120.0

_running: dict[str, "Download[Any]"] = {}
_lock = threading.Lock()


class Ended(Exception):
    """The download was told to end."""


class Download(Generic[T]):
    """One download. `work` gets it, and calls `check` whenever bytes come, and while none come."""

    def __init__(self, owner: str | None, work: Callable[["Download[T]"], T]) -> None:
        self.owner = owner
        self._work = work
        self._ended = threading.Event()
        self._told_to_end = False
        self.looked_at = clock.monotonic()
        self.result: T | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="download", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._work(self)
        except BaseException as error:  # the step that looks after it raises it
            self.error = error
        finally:
            self._ended.set()

    def check(self) -> None:
        """Ended if nobody needs it any more."""
        if self._told_to_end or clock.monotonic() - self.looked_at > FORSAKEN_SECONDS:
            raise Ended

    def wait(self, seconds: float) -> bool:
        """Whether it has ended."""
        self.looked_at = clock.monotonic()
        return self._ended.wait(seconds)

    @property
    def is_forsaken(self) -> bool:
        """It has ended, and nobody asked for its result."""
        return self._ended.is_set() and clock.monotonic() - self.looked_at > FORSAKEN_SECONDS

    def tell_to_end(self) -> None:
        self._told_to_end = True


def look_after(key: str, owner: str | None, work: Callable[[Download[T]], T]) -> T | None:
    """Begin the download unless it runs, and return what it stored; None: it runs still, or must wait. Raises what it
    raised. `owner`: the project for which it is."""
    with _lock:
        found = _running.get(key)
        if found is None:
            _forget_forsaken()
            of_owner = sum(each.owner == owner for each in _running.values())
            if len(_running) >= MOST or of_owner >= MOST_OF_ONE:
                return None
            found = _running[key] = Download(owner, work)
    if not found.wait(LOOK_SECONDS):
        return None
    with _lock:
        _running.pop(key, None)
    if found.error is not None:
        raise found.error
    result: T | None = found.result
    assert result is not None
    return result


def end(key: str) -> bool:
    """Tell a download to end. Whether it has ended."""
    with _lock:
        found = _running.get(key)
    if found is None:
        return True
    found.tell_to_end()
    if not found.wait(LOOK_SECONDS):
        return False
    with _lock:
        _running.pop(key, None)
    return True


def _forget_forsaken() -> None:
    for key, each in list(_running.items()):
        if each.is_forsaken:
            del _running[key]
            log.say(__name__, "a download that nobody needs has ended", operation=key)
