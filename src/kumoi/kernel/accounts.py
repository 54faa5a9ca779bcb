"""The two system users of a cloud, and giving them what they must reach; without root everything stays the caller's."""

import os
import pwd
from pathlib import Path

CONTROL = "kumoi"
"""Runs the control plane; may open the agent's socket and guests' screens."""
GUEST = "kumoi-guest"
"""Runs QEMU and what reads tenants' bytes."""


def numbers(user: str) -> tuple[int, int] | None:
    """The user's uid and gid; None when there is no such user."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid


def give(path: Path, mode: int, *, owner: str | None = None, group: str | None = None) -> None:
    """Set the mode, and as root also owner and group (each a user's name, None: unchanged).

    KeyError naming the user that the installer has not made.
    """
    if os.geteuid() == 0:
        os.chown(path, _number(owner, 0), _number(group, 1))
    os.chmod(path, mode)


def _number(user: str | None, index: int) -> int:
    if user is None:
        return -1
    found = numbers(user)
    if found is None:
        raise KeyError(f"there is no system user {user}: the installer makes it")
    return found[index]
