"""Runs work in a forked child, which may die."""

import os
import pickle
import select
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from kumoi.kernel import clock

DIED = 77
"""The exit status of a death that was ordered."""
FELL = 78


class Fell(AssertionError):
    """The child raised an exception or exceeded its time."""


def in_child(work: Callable[[], Any], seconds: float = 120.0) -> tuple[bool, Any]:
    """(True, result of `work`), or (False, None) if it died as ordered."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = FELL
        try:
            os.close(reading)
            try:
                answer, status = work(), 0
            except BaseException:
                answer = traceback.format_exc()
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(answer, pipe)
            sys.stderr.flush()
        finally:
            os._exit(status)
    os.close(writing)
    said = _read(reading, clock.monotonic() + seconds)
    if said is None:
        os.kill(pid, signal.SIGKILL)
    _, ended = os.waitpid(pid, 0)
    if said is None:
        raise Fell(f"not done within {seconds:g} s")
    status = os.waitstatus_to_exitcode(ended)
    if status == DIED:
        return False, None
    if status != 0:
        raise Fell(pickle.loads(said) if said else f"the child ended with {status}")
    return True, pickle.loads(said)


def _read(handle: int, until: float) -> bytes | None:
    said = b""
    try:
        while True:
            if not select.select([handle], [], [], max(0.0, until - clock.monotonic()))[0]:
                return None
            chunk = os.read(handle, 1 << 20)
            if not chunk:
                return said
            said += chunk
    finally:
        os.close(handle)
