"""The index on several disks: a group of changes is applied to each current copy before anybody is answered.

The changes run once, against one copy. The statements that they made are repeated on the others at the same time, so SQL of
the index must not depend on anything but the tables and its values (no `random()`, no `datetime('now')`). Each copy logs the
statements under a number that grows by one with each group. So a copy that a crash left one group behind catches up, and a
new copy takes what was changed while it was made. A copy that fails is no longer current before anybody is answered.
"""

import fcntl
import os
import queue
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from kumoi.engines.objects import tables
from kumoi.engines.objects.disks import Disks, State, note, remove
from kumoi.engines.objects.interface import ObjectsError, T
from kumoi.engines.objects.layout import HOME
from kumoi.kernel import clock, durable

WANTED = 3
"""Copies, if there are so many disks."""
LONGEST_LOG = 100_000
"""Groups that are logged for a copy that is being made."""
RATE = 64 << 20
"""Bytes of a new copy in a second."""
_LOG = "CREATE TABLE IF NOT EXISTS log (sequence INTEGER PRIMARY KEY, redo BLOB NOT NULL)"
_SEQUENCE = "SELECT coalesce(max(sequence), 0) FROM log"
_GIVES_IDS = ("INSERT INTO small_bytes", "INSERT INTO containers")
_PAGES = 512
Statement = tuple[str, tuple[Any, ...], int, int | None]
"""(SQL, values, changed rows, new id)."""
_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(list[Statement]).decode


class Differs(Exception):
    """A statement did something else on this copy than on the first."""


class Recorder:
    """Passes statements to a connection and keeps those that change something."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._ask = connection.execute
        self.statements: list[Statement] = []
        self._before = 0

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        cursor = self._ask(sql, values)
        if sql.startswith("SELECT"):
            return cursor
        if sql.startswith("SAVEPOINT"):
            self._before = len(self.statements)
        elif sql.startswith("ROLLBACK TO"):
            del self.statements[self._before :]
        elif not sql.startswith("RELEASE"):
            self.statements.append((sql, tuple(values), cursor.rowcount, _new_id(sql, cursor)))
        return cursor


def _new_id(sql: str, cursor: sqlite3.Cursor) -> int | None:
    return cursor.lastrowid if sql.startswith(_GIVES_IDS) else None


class Copy:
    """The index on one disk, for the one thread that writes."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path
        self._connection: sqlite3.Connection | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        if self._connection is None:
            _must_exist(self.path)
            self._connection = tables.connect(self.path)
            self._connection.execute(_LOG)
        return self._connection

    def sequence(self) -> int:
        found: int = self.connection.execute(_SEQUENCE).fetchone()[0]
        return found

    def since(self, sequence: int) -> list[tuple[int, bytes]]:
        return self.connection.execute(
            "SELECT sequence, redo FROM log WHERE sequence > ? ORDER BY sequence LIMIT 64", (sequence,)
        ).fetchall()

    def apply(self, sequence: int, redo: bytes, statements: list[Statement], kept: int) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            for sql, values, changed, id in statements:
                cursor = self.connection.execute(sql, values)
                if (cursor.rowcount, _new_id(sql, cursor)) != (changed, id):
                    raise Differs(f"it has other rows than {sql[:40]}… found elsewhere")
            self.finish(sequence, redo, kept)
        except BaseException:
            self.take_back()
            raise

    def finish(self, sequence: int, redo: bytes, kept: int) -> None:
        """Log the group and end its transaction. `kept`: the first number that the log keeps."""
        self.connection.execute("INSERT INTO log VALUES (?, ?)", (sequence, redo))
        self.connection.execute("DELETE FROM log WHERE sequence < ?", (kept,))
        self.connection.execute("COMMIT")

    def take_back(self) -> None:
        with suppress(sqlite3.Error):
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _no_room(root: Path) -> OSError | None:
    try:
        durable.check_room(root)
    except OSError as error:
        return error
    return None


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise sqlite3.OperationalError(f"{path} is not there")


def is_of_the_disk(error: Exception) -> bool:
    """Whether it says something about the copy, and nothing about the work or about another process at it."""
    if isinstance(error, Differs | OSError | ObjectsError):
        return True
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CANTOPEN) & 0xFF
    return code in (
        sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL,
    )  # fmt: skip


class Mirrors:
    def __init__(self, disks: Disks) -> None:
        self._disks = disks
        self._copies: dict[str, tuple[int, Copy]] = {}
        self._pool = ThreadPoolExecutor(WANTED, "objects-copies")
        self._readers: dict[tuple[str, int], queue.LifoQueue[sqlite3.Connection]] = {}
        self._avoided: dict[str, float] = {}

    def path(self, name: str) -> Path:
        root = self._disks.root(name)
        if root is None:
            raise ObjectsError(f"the disk {name} is not in object_disks")
        return root / "index.db"

    # reading

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """From the first copy that can be read."""
        problem: Exception | None = None
        current = self._disks.state().copies.items()
        for name, generation in sorted(current, key=lambda each: self._avoided.get(each[0], 0.0) > clock.monotonic()):
            try:
                with self._reader(name, generation) as connection:
                    return work(connection)
            except (sqlite3.Error, Differs) as error:
                if not is_of_the_disk(error):
                    raise
                problem = error
                self._avoided[name] = clock.monotonic() + 5.0
        raise ObjectsError(f"No copy of the object store's index can be read: {problem or 'there is none'}.")

    @contextmanager
    def _reader(self, name: str, generation: int) -> Iterator[sqlite3.Connection]:
        if (name, generation) not in self._readers:
            self._let_go(name)
        readers = self._readers.setdefault((name, generation), queue.LifoQueue())
        try:
            connection = readers.get_nowait()
        except queue.Empty:
            if fault := self._disks.fault(name):
                raise sqlite3.OperationalError(fault) from None
            _must_exist(self.path(name))
            connection = tables.connect(self.path(name), readonly=True)
        broken = False
        try:
            connection.execute("BEGIN")
            yield connection
        except sqlite3.Error as error:
            broken = is_of_the_disk(error)
            raise
        finally:
            if broken:
                with suppress(sqlite3.Error):
                    connection.close()
            else:
                connection.execute("ROLLBACK")
                readers.put(connection)

    # writing

    def transact(self, run: Callable[[Any], T]) -> T:
        """Run the work against one copy and repeat its statements on the others; durable on all current copies when this
        returns. An exception: nothing was changed."""
        with self._disks.locked():
            copies = self._current()
            while True:
                first, others = copies[0], copies[1:]
                recorder = Recorder(first.connection)
                try:
                    first.connection.execute("BEGIN IMMEDIATE")
                    result = run(recorder)
                    break
                except BaseException as error:
                    first.take_back()
                    if not others or not isinstance(error, sqlite3.Error) or not is_of_the_disk(error):
                        raise
                    self.drop({first.name: error})
                    copies = others
            if recorder.statements:
                self._repeat(first, others, recorder.statements)
            else:
                first.take_back()
            return result

    def check_room(self) -> None:
        """OSError if no current copy has room for more. Copies without room are left as long as another one has some."""
        roots = (self._disks.root(name) for name in self._disks.state().copies if not self._disks.fault(name))
        problems = [_no_room(root) for root in roots if root is not None]
        if problems and all(problems):
            raise next(filter(None, problems))

    def _repeat(self, first: Copy, others: list[Copy], statements: list[Statement]) -> None:
        """Commit on the first copy and all others at the same time. A copy that fails is not current any more."""
        sequence = first.sequence() + 1
        redo, kept = _encode(statements), self._kept(sequence)
        futures = [self._pool.submit(each.apply, sequence, redo, statements, kept) for each in others]
        failed: dict[str, Exception] = {}
        try:
            first.finish(sequence, redo, kept)
        except Exception as error:
            first.take_back()
            failed[first.name] = error
        for copy, future in zip(others, futures, strict=True):
            if (problem := future.exception()) is not None:
                failed[copy.name] = problem if isinstance(problem, Exception) else RuntimeError(str(problem))
        if len(failed) == 1 + len(others):
            raise next(iter(failed.values()))
        if failed:
            self.drop(failed)

    def _kept(self, sequence: int) -> int:
        wanted = [start + 1 for start in self._disks.state().growing.values() if sequence - start < LONGEST_LOG]
        return min([sequence, *wanted])

    def _current(self) -> list[Copy]:
        """The copies that have all groups, opened; at least one."""
        wanted = self._disks.state().copies
        for name, (generation, copy) in list(self._copies.items()):
            if wanted.get(name) != generation:
                copy.close()
                del self._copies[name]
        found: dict[Copy, int] = {}
        failed: dict[str, Exception] = {}
        for name, generation in wanted.items():
            try:
                if fault := self._disks.fault(name):
                    raise ObjectsError(fault)
                _, copy = self._copies.setdefault(name, (generation, Copy(name, self.path(name))))
                found[copy] = copy.sequence()
            except (sqlite3.Error, OSError, ObjectsError) as error:
                if not is_of_the_disk(error):
                    raise
                failed[name] = error
                if name in self._copies:
                    self._copies.pop(name)[1].close()
        if not found:
            raise next(iter(failed.values())) if failed else ObjectsError("The object store has no index.")
        top = max(found, key=lambda copy: found[copy])
        for copy, sequence in list(found.items()):
            if sequence < found[top]:
                try:
                    follow(copy, sequence, top)
                except (sqlite3.Error, Differs) as error:
                    failed[copy.name] = error
                    del found[copy]
        full = {copy.name: problem for copy in found if (problem := _no_room(copy.path.parent))}
        if len(full) < len(found):
            failed |= full
        if failed:
            self.drop(failed)
        return [copy for copy in found if copy.name not in failed]

    def snapshots(self, stack: ExitStack) -> dict[str, sqlite3.Connection]:
        """Each current copy, in a transaction that sees the same instant; closed with the stack."""
        found: dict[str, sqlite3.Connection] = {}
        with self._disks.locked():
            for copy in self._current():
                connection = stack.enter_context(closing(tables.connect(copy.path, readonly=True)))
                connection.execute("BEGIN")
                connection.execute(_SEQUENCE).fetchone()
                found[copy.name] = connection
        return found

    def drop(self, failed: Mapping[str, Exception]) -> None:
        """Before anybody is answered: these are read no more, until they are made anew."""

        def work(state: State) -> None:
            for name, error in failed.items():
                if state.copies.pop(name, None) is not None:
                    note(state, "index_copy.lost", name, str(error)[:300])

        self._disks.change(work)
        for name in failed:
            if name in self._copies:
                self._copies.pop(name)[1].close()

    # copies that are made

    def begin(self) -> None:
        """The copies of an object store whose settings name several disks for the first time."""
        with self._disks.locked():
            if self._disks.state().copies:
                return
            connection = tables.connect(self.path(HOME))
            tables.make_tables(connection)
            connection.execute(_LOG)
            connection.close()
            durable.sync_folder(self._disks.folder)
            self._disks.change(lambda state: _join(state, HOME))
            if self.path(HOME).stat().st_size < 1 << 20:
                for name in self.missing():
                    self.grow(name)

    def missing(self) -> list[str]:
        """Disks on which a copy should be made."""
        state = self._disks.state()
        candidates = [name for name in (HOME, *self._disks.all_there()) if name not in state.copies]
        return candidates[: max(0, WANTED - len(state.copies))]

    def grow(self, name: str) -> None:
        """Make a copy on a disk, while others read and write. Does nothing while another process makes it."""
        handle = os.open(
            self.path(name).with_name("index.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640
        )
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._grow(name)
        except BlockingIOError:
            return
        finally:
            os.close(handle)

    def _grow(self, name: str) -> None:
        path, root = self.path(name), self._disks.root(name)
        draft = path.with_name("index.db.new")
        assert root is not None
        for each in (draft, *_beside(draft)):
            remove(each)
        with self._disks.locked():
            source = Copy("", self.path(self._current()[0].name))
            start = source.sequence()
            self._disks.change(lambda state: state.growing.update({name: start}))
        try:
            _copy(source.path, draft)
            made = Copy(name, draft)
            while follow(made, made.sequence(), source, most=64):
                pass
            with self._disks.locked():
                top = Copy("", self.path(self._current()[0].name))
                follow(made, made.sequence(), top)
                made.close()
                top.close()
                durable.sync_file(draft)
                for each in _beside(path):
                    remove(each)
                draft.replace(path)
                durable.sync_folder(root)
                self._disks.change(lambda state: _join(state, name))
        finally:
            source.close()
            self._disks.change(lambda state: _no_longer_grows(state, name))

    def close(self) -> None:
        for _, copy in self._copies.values():
            copy.close()
        self._copies.clear()
        self._pool.shutdown()
        for name in {name for name, _ in self._readers}:
            self._let_go(name)

    def _let_go(self, name: str) -> None:
        """Readers of earlier generations of a copy."""
        for key in [key for key in self._readers if key[0] == name]:
            readers = self._readers.pop(key)
            with suppress(queue.Empty, sqlite3.Error):
                while True:
                    readers.get_nowait().close()


def follow(copy: Copy, sequence: int, ahead: Copy, most: int = LONGEST_LOG) -> bool:
    """Apply the groups that a copy lacks; whether there may be more of them than `most`."""
    done = 0
    while rows := ahead.since(sequence):
        for number, redo in rows:
            if number != sequence + 1:
                raise Differs(f"it lacks the changes from {sequence + 1} on, and the log begins at {number}")
            copy.apply(number, redo, _decode(redo), number)
            sequence, done = number, done + 1
        if done >= most:
            return True
    return False


def _copy(source: Path, target: Path) -> None:
    """As it is now. Its transaction keeps others' changes out, so the copying never begins anew."""
    with closing(tables.connect(source, readonly=True)) as live, closing(sqlite3.connect(target)) as copied:
        live.execute("BEGIN")
        live.execute(_SEQUENCE).fetchone()
        size = live.execute("PRAGMA page_size").fetchone()[0]
        live.backup(copied, pages=_PAGES, progress=lambda *_: clock.sleep(_PAGES * size / RATE))
        live.execute("ROLLBACK")


def _join(state: State, name: str) -> None:
    state.generation += 1
    state.copies[name] = state.generation
    note(state, "index_copy.made", name, "it is current")


def _no_longer_grows(state: State, name: str) -> None:
    state.growing.pop(name, None)


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")
