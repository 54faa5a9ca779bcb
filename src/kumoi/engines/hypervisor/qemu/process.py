"""QEMU as a process: its arguments, whether it lives, and its end."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from kumoi.engines.hypervisor.interface import GuestSpec, HypervisorError
from kumoi.engines.hypervisor.qemu import config_drive, hardware, launcher
from kumoi.engines.hypervisor.qemu.hardware import RESCUE, ROOT, Hardware
from kumoi.engines.hypervisor.qemu.monitor import Monitor, Silent
from kumoi.engines.hypervisor.qemu.record import Place
from kumoi.kernel import clock, processes
from kumoi.kernel.settings import Folder

QEMU = "qemu-system-x86_64"
START_WITHIN = 30.0
"""Seconds from spawning QEMU to its answering; 0.3 on a quiet machine."""
END_WITHIN = 5.0

_STRICT = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"


def argv(
    place: Place,
    spec: GuestSpec,
    machine: Hardware,
    disks: Mapping[str, Path],
    cards: Mapping[str, int | None],
    memory: int | None,
) -> list[str]:
    """QEMU's arguments.

    `disks`: `root` or volume id → file. `cards`: port id → descriptor of its tap; None: not connected. `memory`:
    descriptor of saved memory, from which the guest resumes paused; None: a cold boot.
    """
    accelerator = "tcg,thread=multi" if machine.accelerator == "tcg" else machine.accelerator
    arguments = [
        *(QEMU, "-name", f"guest={spec.server_id},debug-threads=on", "-nodefaults", "-no-user-config"),
        *("-machine", machine.machine, "-accel", accelerator, "-cpu", machine.cpu),
        *("-smp", str(spec.vcpus), "-m", str(spec.memory_mib), "-rtc", "base=utc", "-uuid", spec.server_id),
        # Guests recognize by the product's name that OpenStack's metadata is available.
        *("-smbios", f"type=1,manufacturer=Kumoi,product=OpenStack Compute,serial={spec.server_id}"),
        *("-sandbox", _STRICT, "-pidfile", str(place.pid)),
        *("-action", "shutdown=pause", "-boot", "strict=on"),
        *("-device", "VGA,id=screen,addr=0x2", "-vnc", f"unix:{place.screen},share=force-shared"),
        *("-chardev", f"socket,id=monitor,path={place.monitor},server=on,wait=off"),
        *("-mon", "chardev=monitor,mode=control"),
        *("-chardev", f"null,id=console,logfile={place.console},logappend=on"),
        *("-device", "isa-serial,chardev=console"),
        *("-object", "rng-builtin,id=rng", "-device", "virtio-rng-pci,rng=rng,addr=0x3"),
    ]
    boot_index = {disk.volume_id: disk.boot_index for disk in spec.disks} | ({ROOT: 0} if spec.root else {})
    if spec.rescue:
        behind = {name: None if index is None or index < 0 else index + 1 for name, index in boot_index.items()}
        boot_index = {**behind, RESCUE: 0}
    for name, path in disks.items():
        arguments += ["-blockdev", _json(hardware.block_node(name, path))]
        arguments += ["-device", _json(hardware.disk_device(machine, name, boot_index[name]))]
    if spec.config_drive:
        drive = {
            "node-name": "config-drive",
            "driver": "raw",
            "read-only": True,
            "file": {"driver": "file", "filename": str(place.config_drive)},
        }
        slot = f"{hardware.CONFIG_DRIVE_SLOT:#x}"
        arguments += ["-blockdev", _json(drive), "-device", f"virtio-scsi-pci,id=scsi,addr={slot}"]
        arguments += [
            "-device",
            f"{config_drive.device(place.config_drive)},bus=scsi.0,drive=config-drive,id=config-drive",
        ]
    for nic in spec.nics:
        descriptor = cards[nic.port_id]
        name = hardware.netdev_id(nic.port_id)
        plug = f"tap,id={name},fd={descriptor}" if descriptor is not None else f"user,id={name},restrict=on"
        arguments += ["-netdev", plug, "-device", _json(hardware.nic_device(machine, nic))]
    if memory is not None:
        arguments += ["-S", "-incoming", f"fd:{memory}"]
    return arguments


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def confined(
    folder: Folder,
    place: Place,
    uid: int,
    gid: int,
    control_group: Path | None,
    arguments: list[str],
    elsewhere: Iterable[Path] = (),
) -> list[str]:
    """The arguments of a launcher that becomes QEMU. `gid`: the group that may pass through the folders of disks.
    `elsewhere`: the cloud's folders outside its data folder."""
    own = [place.folder, place.monitor_folder, place.screen_folder]
    covered = [folder.guests, folder.run, folder.keys, folder.database, folder.log, folder.host, folder.ovn]
    covered += [folder.images, folder.objects, folder.demo, *elsewhere]
    plan = {
        "uid": uid,
        "groups": [gid, *processes.existing_groups(("kvm",))],
        "control_group": str(control_group) if control_group else None,
        "own": [str(path) for path in own],
        "shared": [str(path) for path in (folder.volumes, folder.snapshots) if path.is_dir()],
        "covered": [str(path) for path in covered],
    }
    # -S and -I: nothing of the environment or of the program's packages is read as root, and it starts in some 20 ms.
    return [sys.executable, "-I", "-S", launcher.__file__, _json(plan), *arguments]


def launch(place: Place, arguments: list[str], keep: list[int]) -> None:
    """Start QEMU, which survives this process. It answers when this returns. HypervisorError with the reason if it
    cannot start."""
    try:
        started = processes.detach(arguments, log=place.log, keep=keep)
    except processes.CommandFailed as error:
        raise HypervisorError(f"QEMU did not start: {error.detail}") from error
    deadline = clock.monotonic() + START_WITHIN
    while clock.monotonic() < deadline:
        if started.ended() is not None:
            said = place.log.read_text(errors="replace").strip() or f"it ended with {started.ended()}"
            raise HypervisorError(f"QEMU did not start: {said.splitlines()[-1].removeprefix(QEMU + ': ')}")
        if place.monitor.exists() and place.screen.exists():
            with contextlib.suppress(Silent), Monitor(place.monitor) as qemu:
                qemu.ask("query-status")
                return
        clock.sleep(0.005)
    raise HypervisorError(f"QEMU did not start within {START_WITHIN:.0f} s")


def alive(place: Place) -> int | None:
    """The process id of the guest's QEMU; None if there is none."""
    try:
        pid = int(place.pid.read_text())
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    # Process ids are reused, so the command line must contain this guest's own pid file.
    return pid if state not in "ZX" and os.fsencode(place.pid) in line.split(b"\0") else None


def end(place: Place, within: float = END_WITHIN) -> None:
    """End the guest's QEMU: first by SIGTERM, then by force. HypervisorError if it does not end."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        pid = alive(place)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if gone(place, within):
            return
    raise HypervisorError("QEMU cannot be ended: its process does not exit")


def gone(place: Place, within: float) -> bool:
    deadline = clock.monotonic() + within
    while alive(place) is not None:
        if clock.monotonic() > deadline:
            return False
        clock.sleep(0.005)
    return True
