"""Reads the end of a guest's serial console log, and limits the log's size."""

from pathlib import Path

LARGEST = 4 * 1024 * 1024
"""Bytes at which a console log is cut to its last KEPT."""
KEPT = 1024 * 1024


def last_lines(text: str, lines: int | None) -> str:
    """The last `lines` lines of a text; None or a negative number: the whole text."""
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
    """Truncate a log that is too long to its last part. The writer uses O_APPEND, so it continues after that part."""
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
