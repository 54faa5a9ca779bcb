"""Files and folders that survive a power cut as a whole."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace a file atomically and durably. After a power cut it has either the old or the new content; once this returns,
    it has the new one. `mode` applies regardless of the umask.
    """
    _replace(path, content, mode, lasting=True)
    sync_folder(path.parent)


def replace_for_now(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """As `replace`, but a power cut may lose it. For files that are written again when the machine starts."""
    _replace(path, content, mode, lasting=False)


def _replace(path: Path, content: bytes, mode: int, *, lasting: bool) -> None:
    """Write a new file and rename it. So files and links of other users are never followed, truncated or shared."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        if lasting:
            file.flush()
            os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def opened_for_locks(path: Path, *, mode: int = 0o600) -> Iterator[int]:
    """The descriptor of a lock file. It is created if it does not exist. OSError for a symbolic link."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        if os.fstat(handle).st_uid == os.geteuid():
            os.fchmod(handle, mode)
        yield handle
    finally:
        os.close(handle)


def write_to_kernel(path: Path, value: str) -> None:
    """Set a value in an existing file of the kernel, such as a limit; OSError when the kernel refuses it."""
    handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.write(handle, value.encode())
    finally:
        os.close(handle)


RESERVE = 512 << 20
"""Bytes of free disk space that stay reserved for the database: images, volumes and guests do not use them."""


def keep_free(size: int) -> None:
    """Reserve so many bytes from now on, in this process."""
    global RESERVE
    RESERVE = size


def spare(folder: Path) -> int:
    """Free bytes beyond the reserve on the folder's disk; less than 0 if part of the reserve is used."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize - RESERVE


def check_room(folder: Path) -> None:
    """OSError ENOSPC unless more than RESERVE is free on the folder's disk."""
    if spare(folder) <= 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def is_full(error: Exception) -> bool:
    """Whether it says that a disk, a quota or the largest size of a file is reached."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def make_folder(path: Path, *, mode: int = 0o777, parents: bool = True) -> None:
    """Make a folder and its missing parents durably. An existing folder is synced too, because its creator may have died
    before the sync. `parents`: no on a disk that may go, so that nothing is made below the place where it was mounted."""
    if parents and not path.parent.is_dir():
        make_folder(path.parent)
    path.mkdir(exist_ok=True, mode=mode)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Make the bytes of a file durable, whichever process wrote them. Its name needs `sync_folder`."""
    _sync(path, os.O_NOFOLLOW)


def sync_folder(folder: Path) -> None:
    """Make additions to and removals from a folder durable."""
    _sync(folder, os.O_DIRECTORY)


def _sync(path: Path, how: int) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | how)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
