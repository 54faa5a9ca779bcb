"""Merges the counts of a proof's parts into reports/<name>.json."""

import fcntl
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "reports"


def note(name: str, part: str, counts: dict[str, int]) -> None:
    """`parts`: the last counts of each part; `total`: their sums."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = FOLDER / f"{name}.json"
        known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        parts = {**known.get("parts", {}), part: counts}
        total: dict[str, int] = {}
        for each in parts.values():
            for key, value in each.items():
                total[key] = total.get(key, 0) + value
        path.write_text(json.dumps({"total": total, "parts": dict(sorted(parts.items()))}, indent=1) + "\n")


def forget(name: str) -> None:
    (FOLDER / f"{name}.json").unlink(missing_ok=True)
