"""What a guest's serial port said: the end of it, and keeping it from growing without bound."""

from pathlib import Path

LARGEST = 4 * 1024 * 1024
"""Bytes at which a console log is cut to its last KEPT."""
KEPT = 1024 * 1024


def last_lines(text: str, lines: int | None) -> str:
    """The last `lines` lines of a text; None or negative: all of it."""
    if lines is None or lines < 0:
        return text
    return "".join(text.splitlines(keepends=True)[-lines:]) if lines else ""


def tail(path: Path, limit: int = KEPT) -> str:
    """The last `limit` bytes of a file as text; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - limit))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def cut(path: Path) -> None:
    """Cut a log that grew too long to its end. The writer appends (O_APPEND), so it goes on after what stays."""
    try:
        if path.stat().st_size <= LARGEST:
            return
        with path.open("r+b") as file, path.open("ab") as end:
            file.seek(-KEPT, 2)
            kept = file.read()
            file.truncate(0)
            end.write(kept)
    except FileNotFoundError:
        return
