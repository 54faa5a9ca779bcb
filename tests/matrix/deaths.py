"""Deaths at the calls by which a process changes its disk, whichever code makes them."""

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kumoi.engines.objects import groups, tables
from tests.matrix.children import DIED

CALLS = ("open", "write", "fsync", "link", "unlink", "rename", "replace", "mkdir")
"""Of the module os. `open` counts if it may create a file, `write` if it writes to one."""


class Calls:
    """Counts them, and dies at one: `number` from 1 on, `before` it or after it. 0: at none."""

    def __init__(self, number: int = 0, *, before: bool = True) -> None:
        self.number, self.before = number, before
        self.made: list[str] = []

    def around(self, name: str, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self.made.append(name)
        here = len(self.made) == self.number
        if here and self.before:
            os._exit(DIED)
        try:
            return call(*arguments, **named)
        finally:
            if here:
                os._exit(DIED)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Also the transactions of the object index."""
        real = {name: getattr(os, name) for name in CALLS}
        connect = tables.connect

        def wrapped(name: str) -> Callable[..., Any]:
            def call(*arguments: Any, **named: Any) -> Any:
                if not _changes_the_disk(name, arguments):
                    return real[name](*arguments, **named)
                return self.around(name, real[name], *arguments, **named)

            return call

        def connected(*arguments: Any, **named: Any) -> Any:
            return _Connection(connect(*arguments, **named), self)

        for name in CALLS:
            setattr(os, name, wrapped(name))
        # Under both names, by which it is called.
        groups.connect = tables.connect = connected
        try:
            yield
        finally:
            for name in CALLS:
                setattr(os, name, real[name])
            groups.connect = tables.connect = connect


def _changes_the_disk(name: str, arguments: tuple[Any, ...]) -> bool:
    if name == "open":
        return bool(arguments[1] & os.O_CREAT)
    if name == "write":
        return stat.S_ISREG(os.fstat(arguments[0]).st_mode)
    return True


class _Connection:
    def __init__(self, real: sqlite3.Connection, calls: Calls) -> None:
        self._real, self._calls = real, calls

    def execute(self, statement: str, *values: Any) -> Any:
        if statement in ("BEGIN IMMEDIATE", "COMMIT"):
            return self._calls.around(statement, self._real.execute, statement, *values)
        return self._real.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
