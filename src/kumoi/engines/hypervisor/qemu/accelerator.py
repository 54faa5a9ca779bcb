"""Tests whether KVM works. An openable /dev/kvm is no proof, so a tiny machine is booted with it."""

import os
import tempfile
from pathlib import Path
from typing import Literal

import msgspec

from kumoi.kernel import clock, durable, log, processes
from kumoi.kernel.accounts import GUEST

Accelerator = Literal["kvm", "tcg"]

CPU: dict[Accelerator, str] = {"kvm": "host", "tcg": "Nehalem"}
"""The CPU model. For TCG it is one that common kernels run fast on. For KVM it is the machine's own, because saved
memory is restored only here."""

PROBE_WITHIN = 8.0
"""Seconds; a working KVM needs much less than one."""

_PROVEN = 33
"""The probe's exit status: isa-debug-exit turns the byte 0x10 into (0x10 << 1) | 1."""

# 16-bit code: out 0xf4, 0x10; then halt for ever.
_BOOT_SECTOR = bytes.fromhex("b010e6f4f4ebfd").ljust(510, b"\0") + b"\x55\xaa"


class Verdict(msgspec.Struct, frozen=True):
    """The result of a probe, and what it depends on."""

    kernel: str
    boot_id: str
    works: bool


def choose(wanted: Literal["auto", "kvm", "tcg"], cache: Path, user: str | None) -> Accelerator:
    """The accelerator for guests. `auto` runs the probe once for each boot of this machine."""
    if wanted != "auto":
        return wanted
    works = last_verdict(cache)
    if works is None:
        works = kvm_may_work() and boots("kvm", user)
        cache.parent.mkdir(parents=True, exist_ok=True)
        durable.replace_for_now(cache, msgspec.json.encode(Verdict(*_here(), works=works)))
    return "kvm" if works else "tcg"


def last_verdict(cache: Path) -> bool | None:
    """The result of the probe since this machine booted; None: it was not run."""
    try:
        known = msgspec.json.decode(cache.read_bytes(), type=Verdict)
    except (OSError, msgspec.MsgspecError):
        return None
    return known.works if (known.kernel, known.boot_id) == _here() else None


def _here() -> tuple[str, str]:
    return os.uname().release, Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def kvm_may_work() -> bool:
    """False where it is known not to: no device, or the PVM kind, on which stock kernels hang."""
    return Path("/dev/kvm").exists() and not Path("/sys/module/kvm_pvm").exists()


def boots(accelerator: Accelerator, user: str | None = GUEST) -> bool:
    """Does a machine get through its BIOS to a boot sector of ours within PROBE_WITHIN seconds?"""
    with tempfile.NamedTemporaryFile(prefix="kumoi-probe-") as disk:
        disk.write(_BOOT_SECTOR)
        disk.flush()
        os.fchmod(disk.fileno(), 0o644)
        argv = [
            *("qemu-system-x86_64", "-machine", "pc-i440fx-7.2", "-accel", accelerator, "-cpu", CPU[accelerator]),
            *("-m", "16", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-drive", f"if=ide,format=raw,snapshot=on,file={disk.name}"),
            *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"),
        ]
        started = clock.monotonic()
        try:
            processes.run(argv, within=PROBE_WITHIN, user=user, groups=("kvm",))
            works, detail = False, "it ended without reaching the boot sector"
        except processes.CommandFailed as error:
            works, detail = error.status == _PROVEN, error.detail
    took = round((clock.monotonic() - started) * 1000)
    log.say(
        "hypervisor.accelerator",
        f"{accelerator} {'works' if works else 'does not work'} here",
        ms=took,
        detail="" if works else detail,
    )
    return works
