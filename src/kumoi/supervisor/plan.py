"""The processes of a cloud, which `kumoi up` writes for the supervisor to `<data>/run/processes.json`."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from kumoi.kernel import durable
from kumoi.kernel.processes import Process


def path_of(data: Path) -> Path:
    return data / "run" / "processes.json"


def write(data: Path, processes: Iterable[Process]) -> None:
    """Replace the plan; the next supervisor follows it."""
    content = json.dumps([_row(process) for process in processes], default=str, indent=1) + "\n"
    durable.replace_for_now(path_of(data), content.encode())


def fingerprint(process: Process) -> str:
    """Equal for processes with the same command, environment and user."""
    return hashlib.sha256(json.dumps(_row(process), default=str, sort_keys=True).encode()).hexdigest()[:16]


def _row(process: Process) -> dict[str, object]:
    row = asdict(process) | {"environment": dict(process.environment)}
    if not process.writable:
        # so that an upgrade does not restart what has no such limit, as the switch
        del row["writable"]
    return row


def read(data: Path) -> dict[str, Process]:
    """The plan by name; empty when there is none."""
    try:
        rows = json.loads(path_of(data).read_text())
    except FileNotFoundError:
        return {}
    for row in rows:
        row["argv"] = tuple(row["argv"])
        for name in ("ready", "log"):
            row[name] = Path(row[name]) if row[name] else None
        row["writable"] = tuple(Path(path) for path in row.get("writable", ()))
    return {row["name"]: Process(**row) for row in rows}
