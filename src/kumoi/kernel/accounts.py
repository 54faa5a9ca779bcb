"""The two system users of a cloud, and the ownership of files. Without root, everything belongs to the caller."""

import errno
import os
import pwd
import stat
from pathlib import Path

CONTROL = "kumoi"
"""Runs the control plane. May use the agent's socket and guests' screens."""
GUEST = "kumoi-guest"
"""Runs QEMU, and programs that read tenants' bytes."""


def numbers(user: str) -> tuple[int, int] | None:
    """The user's uid and gid; None if there is no such user."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid


def give(path: Path, mode: int, *, owner: str | int | None = None, group: str | int | None = None) -> None:
    """Set the mode, and as root also owner and group (each a user's name or a number; None: unchanged).

    OSError ELOOP for a symbolic link or a file with a second name, because otherwise a user who may write in the folder
    could choose what root gives away. KeyError with the name of a missing system user.
    """
    uid, gid = (_number(owner, 0), _number(group, 1)) if os.geteuid() == 0 else (-1, -1)
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(handle)
        if stat.S_ISLNK(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink != 1):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        # fchown does not work on a handle opened with O_PATH, so its path in /proc is used. Sockets can be opened only
        # with O_PATH.
        opened = f"/proc/self/fd/{handle}"
        if os.geteuid() == 0:
            os.chown(opened, uid, gid)
        os.chmod(opened, mode)
    finally:
        os.close(handle)


def give_below(path: Path, owner: str) -> None:
    """As root: give everything in a folder to a user. Symbolic links are changed themselves, not followed."""
    if os.geteuid() == 0:
        uid, gid = _number(owner, 0), _number(owner, 1)
        for _, folders, files, folder in os.fwalk(path):
            for name in (*folders, *files):
                os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)


def _number(user: str | int | None, index: int) -> int:
    if user is None:
        return -1
    if isinstance(user, int):
        return user
    found = numbers(user)
    if found is None:
        raise KeyError(f"there is no system user {user}: the installer makes it")
    return found[index]
