"""Group commits: the changes of many threads become durable with one write to the disk."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from kumoi.engines.objects.index import Index
from kumoi.engines.objects.interface import NoRoom, ObjectsError, T
from kumoi.engines.objects.tables import connect
from kumoi.kernel import durable

MOST = 256
"""Changes in one group."""
ATTEMPTS = 3
"""Attempts of a group while another process has the index locked."""
Work = Callable[[Index], Any]
Entry = tuple[Work, Future[Any], bool]
"""Work, its result, and whether it frees room."""
Transact = Callable[[Callable[[Any], list[Any]]], list[Any]]
"""Runs a function with a connection in a transaction; durable when it returns."""


class Groups:
    """One writing thread. While it waits for the disk, the next group collects."""

    def __init__(
        self, path: Path, transact: Transact | None = None, check_room: Callable[[], None] | None = None
    ) -> None:
        """`transact`, `check_room`: instead of the one index at `path`."""
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._transact = transact or self._alone
        self._check_room = check_room or (lambda: durable.check_room(path.parent))
        self._queue: SimpleQueue[Entry | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def write(self, work: Callable[[Index], T], *, frees: bool = False) -> "Future[T]":
        future: Future[T] = Future()
        self._queue.put((work, future, frees))
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="objects", daemon=True)
                    self._thread.start()
        return future

    def close(self) -> None:
        """Waits for earlier requests."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        going = True
        while going:
            group, going = self._gather()
            if group:
                self._commit(group)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _gather(self) -> tuple[list[Entry], bool]:
        """The waiting work, at least one item; False: it was the last."""
        group = []
        entry = self._queue.get()
        while entry is not None:
            if entry[1].set_running_or_notify_cancel():
                group.append(entry)
            if len(group) == MOST or self._queue.empty():
                return group, True
            entry = self._queue.get()
        return group, False

    def _alone(self, run: Callable[[Any], list[Any]]) -> list[Any]:
        connection = self._connection = self._connection or connect(self._path)
        try:
            connection.execute("BEGIN IMMEDIATE")
            done = run(connection)
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError):
            _take_back(connection)
            raise
        return done

    def _commit(self, group: list[Entry]) -> None:
        if not all(frees for _, _, frees in group):
            try:
                self._check_room()
            except (OSError, ObjectsError) as error:
                _refuse([entry for entry in group if not entry[2]], error)
                group = [entry for entry in group if entry[2]]
        if not group:
            return
        try:
            done = self._transact(lambda connection: [_each(connection, work) for work, _, _ in group])
        except Exception as error:
            _refuse(group, error)
            return
        for (_, future, _), (result, refusal) in zip(group, done, strict=True):
            if refusal is None:
                future.set_result(result)
            else:
                future.set_exception(refusal)


def _each(connection: Any, work: Work) -> tuple[Any, Exception | None]:
    """One item of a group. Its exception undoes its own changes. Errors of the database end the group."""
    connection.execute("SAVEPOINT one")
    try:
        result = work(Index(connection))
    except sqlite3.OperationalError:
        raise
    except Exception as error:
        if type(error) is sqlite3.DatabaseError:
            raise  # The file is damaged.
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        return None, error
    connection.execute("RELEASE one")
    return result, None


def _refuse(group: list[Entry], error: Exception) -> None:
    reason = explained(error)
    for _, future, _ in group:
        future.set_exception(reason)


def _take_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def explained(error: Exception) -> ObjectsError:
    if isinstance(error, ObjectsError):
        return error
    full = isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    if full or durable.is_full(error):
        return NoRoom("The disk of the object store is full; nothing was kept.")
    return ObjectsError(f"The object store could not be written: {error}")
