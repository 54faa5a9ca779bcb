"""Limits of guests by cgroup v2: one group for each guest, below one for the cloud."""

import contextlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kumoi.kernel import durable, log

ROOM = "hypervisor.qemu"
WANTED = ("cpu", "memory", "io", "pids")
MOUNTS = Path("/proc/self/mountinfo")

_PERIOD = 100_000
"""Microseconds, the kernel's own default for a quota of processor time."""
_OWN_MIB = {"kvm": 512, "tcg": 1536}
"""The memory of QEMU in addition to the guest's. TCG caches up to 1 GiB of translated code."""
_OWN_TASKS = 256
"""Threads of QEMU beside the processors: for disks and the screen."""
_FRESH = 100
"""The kernel's default weight."""


def mounted(mounts: Path = MOUNTS) -> Path | None:
    """The writable mount point of cgroup v2; None: there is none."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if after.startswith("cgroup2 ") and "rw" in fields[5].split(","):
            return Path(fields[4])
    return None


def missing(root: Path | None) -> tuple[str, ...]:
    """The limits that this machine cannot set, by the names of the kernel's controllers."""
    try:
        there = (root / "cgroup.controllers").read_text().split() if root else []
    except OSError:
        there = []
    return tuple(name for name in WANTED if name not in there)


@dataclass(frozen=True)
class ControlGroups:
    """The groups of one cloud's guests. Where the machine lacks a controller, guests have the other limits."""

    root: Path | None
    cloud_id: str

    @cached_property
    def usable(self) -> tuple[str, ...]:
        return tuple(name for name in WANTED if name not in missing(self.root))

    @property
    def folder(self) -> Path | None:
        return self.root / f"kumoi-{self.cloud_id}" if self.root else None

    def limit(self, server_id: str, vcpus: int, memory_mib: int, accelerator: str) -> Path | None:
        """The guest's group with its limits, which QEMU joins; None if there are no control groups."""
        if not self.folder or not self.usable:
            return None
        group = self.folder / server_id
        limits = {
            # One more than the guest's processors: for QEMU's own threads, which handle disks and cards.
            "cpu.max": ("cpu", f"{(vcpus + 1) * _PERIOD} {_PERIOD}"),
            "cpu.weight": ("cpu", str(min(_FRESH * vcpus, 10_000))),
            "memory.max": ("memory", str((memory_mib + memory_mib // 16 + _OWN_MIB.get(accelerator, 512)) << 20)),
            "io.weight": ("io", f"default {_FRESH}"),
            "pids.max": ("pids", str(vcpus + _OWN_TASKS)),
        }
        try:
            for parent in (self.folder.parent, self.folder):
                parent.mkdir(exist_ok=True)
                for name in self.usable:
                    durable.write_to_kernel(parent / "cgroup.subtree_control", f"+{name}")
            group.mkdir(exist_ok=True)
            for name, (controller, value) in limits.items():
                # A kernel without a scheduler for disks has no weights for them.
                if controller in self.usable and (group / name).exists():
                    durable.write_to_kernel(group / name, value)
        except OSError as error:
            log.say(ROOM, "a guest has no limits", server_id=server_id, reason=str(error))
            return None
        return group

    def forget(self, server_id: str) -> None:
        """When the guest's processes are gone."""
        if self.folder:
            for group in (self.folder / server_id, self.folder):
                with contextlib.suppress(OSError):
                    group.rmdir()
