"""The disks of an object store: which are there, which lag behind, and which hold a current copy of the index.

Each disk has an identity file, so the empty folder below an unmounted disk is never taken for it. What must be known of all
disks is in one small file in the store's own folder, `disks.json`. A process changes it only with the store's lock.
"""

import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from kumoi.engines.objects.interface import NoRoom, ObjectsError
from kumoi.engines.objects.layout import HOME, Layout
from kumoi.kernel import clock, durable, randomness

IDENTITY = "kumoi-disk.json"
FOLDERS = ("files", "incoming")
_AVOIDED_FOR = 30.0
"""Seconds for which a disk gets no new files after one of its calls failed."""
_MOST_NOTES = 200


class Identity(msgspec.Struct):
    disk: str
    id: str


class DiskState(msgspec.Struct):
    id: str
    behind: int = 0
    """How often files could not be written to it or removed from it; 0: it has all of its files."""
    lost: str = ""
    """Why it was not there when the sweep looked last; empty: it was."""
    since: int = 0


class Scrub(msgspec.Struct):
    begun: int = 0
    ended: int = 0
    after: str = ""
    """The last place of the current round; empty between rounds."""


class State(msgspec.Struct):
    disks: dict[str, DiskState] = {}
    copies: dict[str, int] = {}
    """Disks with a current copy of the index → the copy's generation. Other copies are never read."""
    growing: dict[str, int] = {}
    """Disks whose copy is being made → the position in the log from which it needs the changes."""
    generation: int = 0
    scrub: Scrub = msgspec.field(default_factory=Scrub)
    rotten: dict[str, list[str]] = {}
    """Place → (object, problem) that the scrubber could not mend."""
    damaged: str = ""
    """How the copies of the index differ, if nobody can say which one is right."""
    notes: list[list[str]] = []
    """(kind, disk or place, problem): for the events, which only the runner writes."""


def note(state: State, kind: str, what: str, problem: str) -> None:
    state.notes = [*state.notes, [kind, what, problem]][-_MOST_NOTES:]


class Disks:
    def __init__(self, folder: Path, layout: Layout) -> None:
        self.folder, self.layout = folder, layout
        self._file, self._lock_file = folder / "disks.json", folder / "disks.lock"
        self._one = threading.RLock()
        self._depth, self._handle = 0, -1
        self._seen: tuple[tuple[int, int, int], State] | None = None
        self._known: dict[str, tuple[str, int, int]] = {}
        """Disk → (its id, device and inode of its identity file), once they were right."""
        self._avoided: dict[str, float] = {}

    def root(self, name: str) -> Path | None:
        """None: the settings do not have it."""
        return self.folder if name == HOME else self.layout.disks.get(name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One thread of one process at a time; may be entered again."""
        with self._one:
            if self._depth == 0:
                self._handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
                fcntl.flock(self._handle, fcntl.LOCK_EX)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    os.close(self._handle)

    def state(self) -> State:
        """As it was written last, by whichever process. Not to be changed."""
        try:
            found = os.stat(self._file)
        except FileNotFoundError:
            return State()
        mark = (found.st_ino, found.st_mtime_ns, found.st_size)
        if self._seen is None or self._seen[0] != mark:
            self._seen = mark, msgspec.json.decode(self._file.read_bytes(), type=State)
        return self._seen[1]

    def change(self, work: Callable[[State], None]) -> State:
        """Durable when this returns."""
        with self.locked():
            before = self._file.read_bytes() if self._file.exists() else b"{}"
            state = msgspec.json.decode(before, type=State)
            work(state)
            after = msgspec.json.encode(state)
            if after != before:
                durable.replace(self._file, after, mode=0o640)
            return state

    def fault(self, name: str) -> str:
        """Why a disk cannot be used; empty: it is there, and it is the one that was taken into use."""
        if name == HOME:
            return ""
        root, known = self.root(name), self.state().disks.get(name)
        if root is None:
            return "it is not in object_disks"
        if known is None:
            return "it was not taken into use: kumoi up"
        path = root / IDENTITY
        try:
            found = os.stat(path)
            if self._known.get(name) == (known.id, found.st_dev, found.st_ino):
                return ""
            identity = msgspec.json.decode(path.read_bytes(), type=Identity)
        except FileNotFoundError:
            return f"{path} is not there: it is not mounted, or was replaced"
        except (OSError, msgspec.MsgspecError) as error:
            return f"{path} cannot be read: {error}"
        if (identity.disk, identity.id) != (name, known.id):
            return f"{path} is another disk's"
        self._known[name] = known.id, found.st_dev, found.st_ino
        return ""

    def avoid(self, name: str) -> None:
        """One of its calls failed: it gets no new files for a while."""
        self._avoided[name] = clock.monotonic() + _AVOIDED_FOR

    def refusal(self, name: str) -> Exception | None:
        """Why new files should not go there now."""
        if problem := self.fault(name):
            return ObjectsError(problem)
        if self._avoided.get(name, 0.0) > clock.monotonic():
            return ObjectsError("it failed a moment ago")
        root = self.root(name)
        assert root is not None
        try:
            durable.check_room(root)
        except OSError as error:
            return NoRoom(str(error)) if durable.is_full(error) else ObjectsError(str(error))
        return None

    def chosen(self, id: str, width: int, enough: int) -> list[tuple[str, bool]]:
        """The disks of a new object in order, and whether each can be written to now. Each name ranks the disks in another
        way, so that a further disk takes its share of new objects, and moves none."""
        ranked = sorted(self.layout.disks, key=lambda name: hashlib.blake2b(f"{id}/{name}".encode()).digest())
        refused = {name: error for name in ranked if (error := self.refusal(name)) is not None}
        usable = [name for name in ranked if name not in refused]
        if len(usable) < enough:
            raise short(len(usable), enough, refused.values())
        return [(name, name not in refused) for name in [*usable, *refused][:width]]

    def lags(self, names: Iterable[str]) -> None:
        """Files of these disks are missing, or too many. Durable when this returns."""
        missed = set(names)

        def work(state: State) -> None:
            for name in missed & state.disks.keys():
                state.disks[name].behind += 1

        if missed:
            self.change(work)

    def take(self, name: str, *, replaced: bool = False) -> str:
        """Take the folder of a disk into use: give it an identity and folders. `replaced`: it may have been another one's, or
        this name's disk was another one. Returns why it cannot be done; empty: done."""
        root = self.root(name)
        assert root is not None and name != HOME
        known = self.state().disks.get(name)
        if known is not None and not replaced:
            return ""
        try:
            strangers = _strangers(root)
        except OSError as error:
            return f"{root} cannot be read: {error.strerror}"
        if strangers and not replaced:
            return f"{root} is not empty: it has {strangers[0]}"
        id = randomness.new_hex()

        def work(state: State) -> None:
            behind = (state.disks[name].behind if name in state.disks else 0) + replaced
            state.disks[name] = DiskState(id, behind)
            state.copies.pop(name, None)
            if behind:
                note(state, "replaced", name, "it is rebuilt")

        with self.locked():
            durable.sync_folder(root.parent)  # It may have been made a moment ago.
            for each in FOLDERS:
                durable.make_folder(root / each, mode=0o750)
            for each in ("index.db", "index.db-wal", "index.db-shm"):
                (root / each).unlink(missing_ok=True)
            durable.replace(root / IDENTITY, msgspec.json.encode(Identity(name, id)), mode=0o640)
            self.change(work)
        return ""

    def all_there(self) -> list[str]:
        """Disks that can be used, without the store's own folder."""
        return [name for name in self.layout.disks if not self.fault(name)]


def _strangers(root: Path) -> list[str]:
    """What is on a disk that nobody takes into use yet. A call that was interrupted may have begun."""
    found = set(os.listdir(root)) - {"lost+found", IDENTITY, f"{IDENTITY}.new", "index.lock", *FOLDERS}
    return sorted(found) + [name for each in FOLDERS if (root / each).is_dir() for name in os.listdir(root / each)]


def short(found: int, enough: int, reasons: Iterable[Exception | None]) -> ObjectsError:
    """The error when too few disks take an object's bytes."""
    if any(isinstance(each, NoRoom) or (each is not None and durable.is_full(each)) for each in reasons):
        return NoRoom("The disks of the object store are full; nothing was kept.")
    return ObjectsError(f"Only {found} disks of the object store can be written to; {enough} are needed.")


def remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
