"""The password that a guest sets for its owner, encrypted with the owner's key; a file beside its disk."""

import contextlib
from pathlib import Path

from kumoi.kernel import durable

LONGEST = 1020
"""Bytes, as in Nova."""
_NAME = "password"


def keep(folder: Path, password: bytes) -> tuple[int, bytes]:
    """The status and the text of the answer to the guest. It can be set once, until the owner clears it."""
    if len(password) > LONGEST:
        return 400, b"the password is too long\n"
    if (folder / _NAME).exists():
        return 409, b"the password is set already\n"
    if not folder.is_dir():
        return 404, b"no server has this address here\n"
    durable.replace(folder / _NAME, password)
    return 200, b""


def read(folder: Path) -> bytes:
    """Empty if the guest has set none."""
    with contextlib.suppress(FileNotFoundError):
        return (folder / _NAME).read_bytes()
    return b""


def clear(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        (folder / _NAME).unlink()
        durable.sync_folder(folder)
