"""Files and folders that a power cut neither loses nor halves."""

import os
from pathlib import Path


def replace(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """After a power cut the file has the old content or the new, whole; from the return on it has the new one.

    `mode` is that of a new file; the umask is not asked.
    """
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def make_folder(path: Path, *, mode: int = 0o777) -> None:
    """The folder, and those above it that are missing; that it is there is kept also when it was there before, since
    whoever made it may have ended before it was durable."""
    if not path.parent.is_dir():
        make_folder(path.parent)
    path.mkdir(exist_ok=True, mode=mode)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """The bytes that any process has written to the file are kept from now on; its name is the folder's matter."""
    _sync(path, os.O_NOFOLLOW)


def sync_folder(folder: Path) -> None:
    """Names that came to the folder or went from it are kept from now on."""
    _sync(folder, os.O_DIRECTORY)


def _sync(path: Path, how: int) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | how)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
