"""Reads the logs of a cloud's processes as they are and as they grow."""

import json
from pathlib import Path

from kumoi.cli.refusals import Refused
from kumoi.kernel import clock


def show(folder: Path, names: list[str], lines: int, *, follow: bool) -> None:
    """Print the last `lines` of each named process's log, oldest first; follow: and what comes, until interrupted."""
    logs = {path.stem: path for path in sorted(folder.glob("*.log"))}
    for name in names:
        if name not in logs:
            raise Refused(f"there is no log of {name}; there are {', '.join(logs) or 'none'}")
    chosen = {name: path for name, path in logs.items() if not names or name in names}
    found = []
    for name, path in chosen.items():
        for number, line in enumerate(path.read_text(errors="replace").splitlines()[-lines:]):
            found.append((_instant(line), name, number, line))
    for _, name, _, line in sorted(found):
        print(f"{name}: {line}")
    sizes = {name: path.stat().st_size for name, path in chosen.items()}
    while follow:
        clock.sleep(0.3)
        for name, path in chosen.items():
            size = path.stat().st_size
            with path.open("rb") as file:
                # a log that became shorter was begun anew
                file.seek(sizes[name] if size >= sizes[name] else 0)
                for raw in file.read().splitlines():
                    print(f"{name}: {raw.decode(errors='replace')}", flush=True)
            sizes[name] = size


def _instant(line: str) -> str:
    """The line's own time, as text that sorts; lines of other programs come first."""
    try:
        return str(json.loads(line)["at"])
    except (ValueError, KeyError, TypeError):
        return ""
