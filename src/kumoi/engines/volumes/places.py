"""Files that appear complete or not at all: written to a draft, made durable, renamed."""

import errno
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from uuid import UUID
from weakref import WeakValueDictionary

from kumoi.engines.volumes.interface import VolumesError
from kumoi.kernel import accounts, durable
from kumoi.kernel.fences import Busy

UNFINISHED = ".part"
_OWN = 0o600


def checked(kind: str, identifier: str) -> str:
    """The id, which is safe in a path; VolumesError when it is no UUID in its usual spelling."""
    try:
        if str(UUID(identifier)) == identifier.lower():
            return identifier
    except ValueError:
        pass
    raise VolumesError(f"{kind} id {identifier!r} is no UUID")


class Owner:
    """The owner of the files: a system user, or None for the user of this process. KeyError: no such user."""

    def __init__(self, user: str | None) -> None:
        entry = pwd.getpwnam(user) if user is not None else None
        self.user = user
        self.uid = entry.pw_uid if entry else os.getuid()
        self.gid = entry.pw_gid if entry else os.getgid()

    def folder(self, path: Path) -> None:
        """A folder that the owner can pass through to names it knows, and only this process can change."""
        durable.make_folder(path)
        accounts.give(path, 0o710)
        if os.getuid() == 0:
            os.chown(path, 0, self.gid, follow_symlinks=False)

    def take(self, path: Path, *, of: int | None = None) -> None:
        """Make an existing file the owner's own again; `of`: only if it is this uid's."""
        if os.getuid() == 0:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                if of is None or os.fstat(handle).st_uid == of:
                    os.fchown(handle, self.uid, self.gid)
            finally:
                os.close(handle)

    @contextmanager
    def growing(self, place: Path) -> Iterator[Path]:
        """An empty file that the block fills. At the end of the block it becomes `place`, durably; after an error it is
        removed."""
        durable.check_room(place.parent)
        part = place.with_name(place.name + UNFINISHED)
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _OWN)
        try:
            if os.getuid() == 0:
                os.fchown(handle, self.uid, self.gid)
            yield part
            os.fsync(handle)
            part.replace(place)
            durable.sync_folder(place.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)


class Turns:
    """A lock for each name."""

    def __init__(self, patience: float) -> None:
        """`patience`: seconds to wait for the one before."""
        self.patience = patience
        self._guard = Lock()
        self._locks: WeakValueDictionary[str, _Turn] = WeakValueDictionary()

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Hold the lock of a name. Busy if it is not free in time."""
        with self._guard:
            turn = self._locks.get(name) or self._locks.setdefault(name, _Turn())
        if not turn.lock.acquire(timeout=self.patience):
            raise Busy(f"an earlier order for {name} is still being carried out")
        try:
            yield
        finally:
            turn.lock.release()


class _Turn:
    def __init__(self) -> None:
        self.lock = Lock()


@contextmanager
def explaining_full_disk() -> Iterator[None]:
    """Convert errors of the operating system inside the block into a VolumesError with a clear text."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise VolumesError("the disk of the host is full; nothing was made") from error
        if error.errno == errno.EFBIG:
            raise VolumesError("the disk would grow larger than a file may be here; nothing was made") from error
        raise VolumesError(f"the host could not do it: {error.strerror}") from error


def sweep(folder: Path) -> None:
    """Remove drafts that a crash left."""
    for leftover in folder.glob(f"*{UNFINISHED}"):
        leftover.unlink(missing_ok=True)


def remove(place: Path) -> None:
    """Durably; also when it is not there."""
    if place.exists() or place.is_symlink():
        place.unlink(missing_ok=True)
        durable.sync_folder(place.parent)
