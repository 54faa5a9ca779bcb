"""Processes of this machine that name a file or folder."""

from pathlib import Path


def living(named: Path) -> list[str]:
    """The command lines that name it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(named) in line:
                found.append(line)
    return found
