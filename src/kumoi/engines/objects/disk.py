"""The object store on a folder: names, counters and small bytes in one SQLite file, larger objects as files.

Bytes are received in `incoming/`. The file there records that they may have no owner yet, and stays until the link in
`files/` is durable. So a power cut at any instant leaves an object with all of its bytes, or bytes that `tidy` finds
without reading every file.
"""

import fcntl
import os
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from kumoi.engines.objects import tables
from kumoi.engines.objects.digests import Digest
from kumoi.engines.objects.groups import Groups, explained
from kumoi.engines.objects.index import Index
from kumoi.engines.objects.interface import DEFAULT, ObjectsError, Reading, Stored, T, Told, Writer, Writing
from kumoi.kernel import clock, durable, log, randomness

SMALL = 32 << 10
"""Objects of at most this size are stored with their name: one durable write for both, without a file and a folder."""
_READ_FOR = 15 * clock.SECOND
"""How long an unneeded file is kept, because the front may be about to open it."""
_FOLDERS = 256
_GATHER_SECONDS = 0.2
_SEND = 8 << 20
"""Bytes of an upload that are sent to the disk at once."""
_PIECES = 512
"""Of bytes that are written at once: half of what Linux takes."""


class DiskObjects:
    """Implements ObjectStore."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files, self.incoming = folder, folder / "files", folder / "incoming"
        self._index = folder / "index.db"
        self._made = False
        self._groups = Groups(self._index)
        self._readers = deque[sqlite3.Connection]()
        self._settler = _Settler()

    def make(self) -> None:
        """Create folders and tables on first use. NoRoom, ObjectsError."""
        if self._made:
            return
        try:
            for path in (self.folder, self.files, self.incoming):
                if not path.is_dir():
                    durable.make_folder(path, mode=0o750)
            connection = tables.connect(self._index)
            if tables.make_tables(connection):
                durable.sync_folder(self.folder)
            connection.close()
        except (sqlite3.Error, OSError) as error:
            raise explained(error) from error
        self._made = True

    def read(self, work: Callable[[Reading], T]) -> T:
        self.make()
        with self._reader() as connection:
            return work(Index(connection))

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._readers.pop()
        except IndexError:
            try:
                connection = tables.connect(self._index, readonly=True)
            except sqlite3.Error as error:
                raise explained(error) from error
        try:
            connection.execute("BEGIN")
            yield connection
        except sqlite3.Error as error:
            raise explained(error) from error
        finally:
            connection.execute("ROLLBACK")
            self._readers.append(connection)

    def write(self, work: Callable[[Writing], T], *, frees: bool = False) -> "Future[T]":
        self.make()
        return self._groups.write(work, frees=frees)

    def policies(self) -> tuple[str, ...]:
        return (DEFAULT,)

    def begin(self, policy: str = "") -> Writer:
        self.make()
        return DiskWriter(self)

    def is_used(self) -> bool:
        return self._index.exists()

    def path(self, place: str) -> Path:
        path = self.place(place)
        if not path.is_file():
            raise ObjectsError("the object has no data")
        return path

    def sent_from(self, place: str) -> str | None:
        return f"{place[:2]}/{place}"

    def open(self, place: str) -> BinaryIO:
        try:
            return self.place(place).open("rb")
        except OSError as error:
            raise ObjectsError("the object has no data") from error

    def place(self, place: str) -> Path:
        if not (len(place) == 32 and place.isalnum()):
            raise ObjectsError("the object has no data")
        return self.files / place[:2] / place

    def settle(self, place: str, handle: int) -> None:
        """Make a link durable soon, and then remove its record in `incoming/`. Closes the handle."""
        self.settle_link(self.place(place), self.incoming / place, handle)

    def settle_link(self, lasting: Path, note: Path, handle: int) -> None:
        self._settler.add(lasting, note, handle)

    def tidy(self) -> list[str]:
        found: list[str] = []
        if not self.is_used():
            return found
        self.make()
        for root in self.roots():
            for entry in _entries(root / "incoming"):
                try:
                    told = self._resolve(root, entry.name)
                except (OSError, ObjectsError) as error:
                    # One that cannot be resolved keeps nobody from the others.
                    log.say(__name__, "an upload was not cleaned up", place=entry.name, reason=str(error))
                    continue
                if told is not None:
                    found.append(told)
        until = clock.now() - _READ_FOR
        if self.read(lambda tx: of(tx).is_ahead()):
            self.write(lambda tx: of(tx).catch_up(), frees=True).result()
        while places := self.read(lambda tx: of(tx).unwanted(until, 500)):
            self.unlink(places)
            self.write(lambda tx, places=places: of(tx).forget(places), frees=True).result()  # type: ignore[misc]
        return found

    def roots(self) -> list[Path]:
        """The folders of the disks that are there."""
        return [self.folder]

    def unlink(self, places: list[str]) -> None:
        for place in places:
            self.place(place).unlink(missing_ok=True)
        for folder in {self.place(place).parent for place in places}:
            if folder.is_dir():
                durable.sync_folder(folder)

    def mend(self) -> list[Told]:
        """One disk cannot be mended from others."""
        return []

    def scrub(self) -> list[Told]:
        return []

    def _resolve(self, root: Path, place: str) -> str | None:
        """Clean up after an upload that a crash interrupted, or complete its object."""
        if "." in place:
            return None  # A draft of the sweep that mends.
        incoming, lasting = root / "incoming" / place, root / "files" / place[:2] / place
        try:
            handle = os.open(incoming, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None  # A living process is at it.
        else:
            # The writer is asked, because changes of the current group count.
            wanted = self.write(lambda tx: of(tx).is_wanted(place), frees=True).result()
            if wanted:
                lasting.parent.mkdir(exist_ok=True)
                with suppress(FileExistsError):
                    os.link(incoming, lasting, follow_symlinks=False)
                durable.sync_folder(lasting.parent)
                durable.sync_folder(lasting.parent.parent)
            else:
                lasting.unlink(missing_ok=True)
                if lasting.parent.is_dir():
                    durable.sync_folder(lasting.parent)
            incoming.unlink(missing_ok=True)
            return None if wanted else f"{place}: an upload was cut off"
        finally:
            os.close(handle)

    def differences(self) -> Iterator[tuple[str, str]]:
        def compare(tx: Reading) -> list[tuple[str, str]]:
            asked = of(tx)
            found = list(asked.miscounted())
            for place, name, size in asked.places():
                found += self.compare_file(place, name, size)
            for folder in self.files.iterdir():
                if not folder.is_dir():
                    found.append((folder.name, "its bytes are on the disk, but no object has them"))
                    continue
                found += [
                    (place, "its bytes are on the disk, but no object has them")
                    for place in os.listdir(folder)
                    if not (asked.is_wanted(place) or asked.is_unwanted(place) or (self.incoming / place).exists())
                ]
            return found

        if not self.is_used():
            return
        # Links of an active transaction are not differences, so a difference must be found twice.
        first = self.read(compare)
        if first:
            again = set(self.read(compare))
            yield from (each for each in first if each in again)

    def compare_file(self, place: str, name: str, size: int) -> Iterator[tuple[str, str]]:
        try:
            there = self.place(place).stat().st_size
        except OSError:
            yield name, "its bytes are not on the disk"
        else:
            if there != size:
                yield name, f"it has {there} bytes on the disk instead of {size}"

    def close(self) -> None:
        self._groups.close()
        self._settler.close()
        while self._readers:
            self._readers.pop().close()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(folder))
    except OSError:
        return []  # The disk went this moment.


def of(tx: Reading) -> Index:
    assert isinstance(tx, Index)
    return tx


class DiskWriter:
    """Implements Writer. Not thread-safe."""

    def __init__(self, store: DiskObjects) -> None:
        self._store = store
        self._held = bytearray()
        self._size = 0
        self._digest = Digest()
        self._sent = 0
        """Bytes that are on their way to the disk."""
        self._place = ""
        self._handle = -1

    def write(self, *data: bytes) -> None:
        self._size += sum(map(len, data))
        self._digest.update(*data)
        try:
            self._write(data)
        finally:
            self._digest.wait()

    def _write(self, data: Sequence[bytes]) -> None:
        if self._handle < 0:
            if self._size <= SMALL:
                self._held += b"".join(data)
                return
            data, self._held = (bytes(self._held), *data), bytearray()
        try:
            durable.check_room(self._store.folder)
            if self._handle < 0:
                self._open()
            _write_all(self._handle, data)
            if self._size - self._sent >= _SEND:
                # The kernel begins to write these bytes now, so that `finish` has less to wait for.
                os.posix_fadvise(self._handle, self._sent, self._size - self._sent, os.POSIX_FADV_DONTNEED)
                self._sent = self._size
        except OSError as error:
            self.discard()
            raise explained(error) from error

    def _open(self) -> None:
        self._place = randomness.new_hex()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._handle = os.open(self._store.incoming / self._place, flags, 0o440)
        fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def finish(self) -> Stored:
        etag = self._digest.hexdigest()
        if self._handle < 0:
            return Stored(self._size, etag, bytes(self._held), None)
        lasting = self._store.place(self._place)
        try:
            os.fsync(self._handle)
            durable.sync_folder(self._store.incoming)
            if not lasting.parent.is_dir():
                durable.make_folder(lasting.parent, mode=0o750)
            os.link(self._store.incoming / self._place, lasting, follow_symlinks=False)
        except OSError as error:
            self.discard()
            raise explained(error) from error
        return Stored(self._size, etag, None, self._place)

    def keep(self) -> None:
        """An object has them."""
        if self._handle >= 0:
            self._store.settle(self._place, self._handle)
            self._handle = -1

    def discard(self) -> None:
        if self._handle < 0:
            return
        for path in (self._store.place(self._place), self._store.incoming / self._place):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = -1


def _write_all(handle: int, data: Sequence[bytes]) -> None:
    """Without joining the pieces first, which would take as long as a tenth of their hash."""
    rest = [memoryview(piece) for piece in data if piece]
    while rest:
        written = os.writev(handle, rest[:_PIECES])
        while rest and written >= len(rest[0]):
            written -= len(rest.pop(0))
        if written:
            rest[0] = rest[0][written:]


class _Settler:
    """Makes links durable in groups, and removes their records."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Path, Path, int] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._pause = threading.Event()
        """Set when it is closed. Waiting for it takes real time, even if the clock is virtual."""

    def add(self, lasting: Path, note: Path, handle: int) -> None:
        self._waiting.put((lasting, note, handle))
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="objects-links", daemon=True)
                self._thread.start()

    def close(self) -> None:
        self._pause.set()
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while True:
            entries = [self._waiting.get()]
            if entries[0] is not None:
                self._pause.wait(_GATHER_SECONDS)
            while not self._waiting.empty():
                entries.append(self._waiting.get())
            self.settle([entry for entry in entries if entry is not None])
            if None in entries:
                return

    @staticmethod
    def settle(entries: list[tuple[Path, Path, int]]) -> None:
        lasting = set()
        for folder in {lasting.parent for lasting, _, _ in entries}:
            with suppress(OSError):
                durable.sync_folder(folder)
                lasting.add(folder)
        for path, note, handle in entries:
            # A note whose link may be lost stays, and `tidy` makes the link again.
            if path.parent in lasting:
                with suppress(OSError):
                    note.unlink(missing_ok=True)
            os.close(handle)
