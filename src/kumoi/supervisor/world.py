"""Reads processes from the kernel: which live, since when, their groups and memory."""

import contextlib
import os
import signal
import socket
import stat
from pathlib import Path


def started(pid: int) -> int | None:
    """When a process started, in kernel ticks since boot. With the pid it is the process's identity. None: ended, or a
    zombie."""
    fields = _stat(pid)
    return None if fields is None or fields[0] in "ZX" else int(fields[19])


def members(group: int, naming: str) -> list[int]:
    """The living processes of a process group that name `naming` in their arguments."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(int(entry))) and int(fields[2]) == group and fields[0] not in "ZX":
            with contextlib.suppress(OSError):
                if naming.encode() in Path(f"/proc/{entry}/cmdline").read_bytes():
                    found.append(int(entry))
    return found


def end_group(group: int, naming: str) -> None:
    """Kill what remains of a dead leader's process group."""
    for pid in members(group, naming):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def resident_kib(pid: int) -> int:
    """The proportional share of memory (PSS) of a process, KiB; 0 if it ended or we may not see it."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def memory_of_groups(groups: set[int]) -> dict[int, int]:
    """Process group → PSS of its processes in bytes, in one pass over all processes."""
    found = dict.fromkeys(groups, 0)
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(int(entry))) and (group := int(fields[2])) in found:
            found[group] += resident_kib(int(entry)) << 10
    return found


def serves(path: Path) -> bool:
    """Whether a socket at `path` has a listener, or a file there has content."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    if not stat.S_ISSOCK(mode):
        return path.stat().st_size > 0
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as probe:
            probe.settimeout(1)
            probe.connect(str(path))
            return True
    return False


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from the state on. The name before them may contain anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
