"""The supervisor's state as Prometheus text. The front serves the file to this machine only."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kumoi.kernel import clock, durable
from kumoi.supervisor import world


def path(data: Path) -> Path:
    return data / "run" / "metrics"


def write(data: Path, rows: Sequence[Mapping[str, Any]], *, settled: bool) -> None:
    """`rows`: the result of `Unit.describe` for each process."""
    durable.replace_for_now(path(data), text(data, rows, settled=settled).encode(), mode=0o644)


def text(data: Path, rows: Sequence[Mapping[str, Any]], *, settled: bool) -> str:
    disk = os.statvfs(data)
    memory = world.memory_of_groups({row["pid"] for row in rows if row["pid"]})

    def of_processes(values: Iterable[int]) -> list[tuple[str, int]]:
        return [(f'{{process="{row["name"]}"}}', value) for row, value in zip(rows, values, strict=True)]

    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    up = of_processes(row["state"] == "up" for row in rows)
    restarts = of_processes(row["restarts"] for row in rows)
    shares = of_processes(memory.get(row["pid"] or 0, 0) for row in rows)
    parts = [
        _metric("settled", "gauge", "Whether every process is as it should be", [("", settled)]),
        _metric("process_up", "gauge", "Whether a process serves", up),
        _metric("process_restarts_total", "counter", "How often a process ended by itself", restarts),
        _metric("process_memory_bytes", "gauge", "Proportional share of memory, with what it forked", shares),
        _metric("disk_free_bytes", "gauge", "Room on the disk of the data folder", [("", free)]),
        _metric("disk_size_bytes", "gauge", "Size of that disk", [("", size)]),
        _metric("metrics_written_seconds", "gauge", "When this was written", [("", clock.now() // clock.SECOND)]),
    ]
    return "".join(parts)


def _metric(name: str, kind: str, what: str, samples: Iterable[tuple[str, int]]) -> str:
    lines = [f"# HELP kumoi_{name} {what}", f"# TYPE kumoi_{name} {kind}"]
    return "\n".join([*lines, *(f"kumoi_{name}{labels} {int(value)}" for labels, value in samples)]) + "\n"
