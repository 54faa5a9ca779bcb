"""The state of a cloud: processes with memory, endpoints, health."""

import http.client
import os
import pwd
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from kumoi.engines.hypervisor.qemu import control_groups
from kumoi.kernel import durable
from kumoi.kernel.settings import Folder, Settings
from kumoi.supervisor import world
from kumoi.supervisor.supervisor import ask


class ProcessStatus(msgspec.Struct):
    name: str
    pid: int | None
    user: str
    pss_kib: int
    """Its proportional share of memory."""
    state: str
    detail: str = ""


class DiskStatus(msgspec.Struct):
    """A disk of the object store."""

    name: str
    path: str
    free_mib: int
    state: str
    """`in use`, `being rebuilt`, or why it cannot be used."""


class CopyStatus(msgspec.Struct):
    """A container's copy in another cloud."""

    container: str
    to: str
    lag: float
    """Seconds for which the oldest change has been waiting; 0: none waits."""
    error: str


class Status(msgspec.Struct):
    processes: list[ProcessStatus]
    endpoints: dict[str, str]
    healthy: bool
    """Every process that should run does, the address answers, and the disk has room."""
    warnings: list[str] = []
    """Current and expected problems, and what to do."""
    disks: list[DiskStatus] = []
    copies: list[CopyStatus] = []
    """Copies of containers in other clouds, those with errors and the latest first."""


def status(folder: Folder, settings: Settings) -> Status:
    """Asks the supervisor, /proc and the front."""
    try:
        answer: dict[str, Any] = ask(folder.data, "status")
    except OSError:
        return Status([], endpoints(folder, settings), False)
    rows = [_process("supervisor", answer["supervisor"], "up")]
    for row in answer["processes"]:
        members = world.members(row["pid"], str(folder.data)) if row["pid"] else []
        rows += [_process(row["name"], pid, row["state"], row["detail"]) for pid in members]
        if not members:
            rows.append(ProcessStatus(row["name"], None, "", 0, row["state"], row["detail"]))
    rows += [_process("guest", pid, "up") for pid in guests(folder)]
    free = free_mib(folder)
    healthy = bool(answer["settled"]) and answers(settings) and free >= FULL_MIB
    warnings = [*disk_warnings(folder, free), *guest_warnings(settings)]
    copied = copies(folder)
    warnings += copy_warnings(copied)
    if settings.object_disks:
        disks, problems = object_disks(folder, settings)
        return Status(rows, endpoints(folder, settings), healthy, [*warnings, *problems], disks, copied)
    return Status(rows, endpoints(folder, settings), healthy, warnings, copies=copied)


LATE = 600
"""Seconds of lag of a copy from which the user is warned."""


def copies(folder: Folder) -> list[CopyStatus]:
    """As the runner last wrote them."""
    try:
        return msgspec.json.decode((folder.run / "container-sync.json").read_bytes(), type=list[CopyStatus])
    except (OSError, msgspec.MsgspecError):
        return []


def copy_warnings(found: list[CopyStatus]) -> Iterator[str]:
    for each in found:
        if each.error or each.lag > LATE:
            yield (
                f"the copy of the container {each.container} at {each.to} is {each.lag:.0f} s behind"
                + (f": {each.error}" if each.error else "")
            )


def object_disks(folder: Folder, settings: Settings) -> tuple[list[DiskStatus], list[str]]:
    """The disks of the object store, and what is wrong with them or with the bytes on them."""
    from kumoi.engines.objects.layout import parse
    from kumoi.engines.objects.many import ManyDisks

    store = ManyDisks(folder.objects, parse(settings.object_disks, settings.object_policies))
    rows = []
    for name, path in store.layout.disks.items():
        fault = store.disks.fault(name)
        state = fault or ("being rebuilt" if store.disks.state().disks[name].behind else "in use")
        rows.append(DiskStatus(name, str(path), 0 if fault else shutil.disk_usage(path).free >> 20, state))
    return rows, [f"objects: {what}: {problem}" for what, problem in store.state_of_disks()]


def guest_warnings(settings: Settings) -> Iterator[str]:
    if settings.hypervisor != "qemu":
        return
    lacking = control_groups.missing(control_groups.mounted())
    if lacking:
        yield (
            f"guests have no limits of {', '.join(lacking)}: this machine offers no writable cgroup v2 with these "
            "controllers; boot it with systemd.unified_cgroup_hierarchy=1 where the kernel has them"
        )


FULL_MIB = 8
"""Free MiB below which SQLite's next write may fail."""
TIMES_LOW = 4
"""So many times the reserve is the free space below which the user should free space."""


def free_mib(folder: Folder) -> int:
    return shutil.disk_usage(folder.data).free >> 20


def disk_warnings(folder: Folder, free: int) -> Iterator[str]:
    if free < FULL_MIB:
        yield (
            f"the disk of {folder.data} is full ({free} MiB free): changes are answered 503, and guests that write are "
            "stopped; free some space"
        )
    elif free <= TIMES_LOW * (durable.RESERVE >> 20):
        least = durable.RESERVE >> 20
        yield (
            f"the disk of {folder.data} is nearly full ({free} MiB free): from {least} MiB on, new images and volumes are "
            "refused; free some space"
        )


def endpoints(folder: Folder, settings: Settings) -> dict[str, str]:
    """Service type → address, as the last `kumoi up` noted them; empty before the first."""
    try:
        prefixes = msgspec.json.decode((folder.run / "endpoints.json").read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        prefixes = {}
    return {kind: settings.base_url + prefix for kind, prefix in prefixes.items()}


def answers(settings: Settings) -> bool:
    """Whether the API answers through the front."""
    address = settings.local_address
    connection: http.client.HTTPConnection
    if settings.tls_certificate:
        # the certificate is for clients' names of the cloud, not for this local check
        unchecked = ssl._create_unverified_context()  # noqa: S323
        connection = http.client.HTTPSConnection(address, settings.port, timeout=5, context=unchecked)
    else:
        connection = http.client.HTTPConnection(address, settings.port, timeout=5)
    try:
        connection.request("GET", "/identity/v3")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def _process(name: str, pid: int, state: str, detail: str = "") -> ProcessStatus:
    try:
        uid = Path(f"/proc/{pid}").stat().st_uid
        try:
            user = pwd.getpwuid(uid).pw_name
        except KeyError:  # as of guests
            user = str(uid)
    except OSError:
        user = ""
    return ProcessStatus(name, pid, user, world.resident_kib(pid), state, detail)


def guests(folder: Folder) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                argv = Path(f"/proc/{entry}/cmdline").read_bytes()
            except OSError:
                continue
            if (
                argv.split(b"\0", 1)[0].rpartition(b"/")[2].startswith(b"qemu-system")
                and str(folder.guests).encode() in argv
            ):
                found.append(int(entry))
    return sorted(found)
