"""What a host stores about a guest, durably, in one file of the guest's folder."""

from enum import StrEnum
from pathlib import Path

import msgspec

from kumoi.engines.hypervisor.interface import GuestSpec, HypervisorError
from kumoi.engines.hypervisor.qemu.hardware import Hardware
from kumoi.kernel import durable
from kumoi.kernel.settings import Folder

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Desired(StrEnum):
    """The state that the last order asked for."""

    OFF = "off"
    RUNNING = "running"
    PAUSED = "paused"
    SUSPENDED = "suspended"


class Record(msgspec.Struct, frozen=True):
    spec: GuestSpec
    generation: int
    """The generation of the order that started the guest. The host uses it when it changes the guest's plugs itself."""
    desired: Desired = Desired.OFF
    hardware: Hardware | None = None
    """The devices that QEMU last had; None before the first boot."""
    boot_id: str = ""
    """The machine's boot in which QEMU was started."""
    resting: bool = False
    """The whole cloud was taken down. The next `bring_up` restores the desired state."""
    reason: str = ""
    """Why the state differs from the desired one."""
    uid: int | None = None
    """The uid of its last QEMU; None: not its own, as before guests had their own uids."""
    leaving: list[str] = []
    """Volumes and ports that the guest was asked to release and has not released yet."""

    def asleep(self) -> bool:
        """Whether the guest is off because the cloud or the machine went down, and not because it failed."""
        return self.desired in (Desired.RUNNING, Desired.PAUSED) and (self.resting or self.boot_id != boot_id())


class Place:
    """Every path of one guest. The folder belongs to root. QEMU is unprivileged: it finds its files there and cannot
    add any."""

    def __init__(self, folder: Folder, server_id: str) -> None:
        if "/" in server_id or server_id in ("", ".", ".."):
            raise HypervisorError(f"{server_id!r} cannot be the id of a server")
        self.folder = folder.guests / server_id
        self.record = self.folder / "guest.json"
        self.disk = self.folder / "disk.qcow2"
        self.kept_disk = self.folder / "disk.kept.qcow2"
        """The root disk as it was before a resize."""
        self.rescue_disk = self.folder / "rescue.qcow2"
        self.config_drive = self.folder / "config.iso"
        self.console = self.folder / "console.log"
        self.log = self.folder / "qemu.log"
        """QEMU's own output since its last start."""
        self.pid = self.folder / "pid"
        self.memory = self.folder / "memory"
        self.memory_draft = self.folder / "memory.new"
        # Below run/, because paths of unix sockets end at 107 bytes. A guest can write only in these two folders.
        self.monitor_folder = folder.run / "qmp" / server_id
        self.screen_folder = folder.run / "vnc" / server_id

    @property
    def monitor(self) -> Path:
        return _socket(self.monitor_folder)

    @property
    def screen(self) -> Path:
        return _socket(self.screen_folder)

    def copy(self, copy_id: str) -> Path:
        """A whole copy of the root disk, for an image."""
        if "/" in copy_id:
            raise HypervisorError(f"{copy_id!r} cannot be the id of a copy")
        return self.folder / f"copy-{copy_id}.qcow2"

    def load(self) -> Record | None:
        """The saved record; None if this guest has none."""
        try:
            return msgspec.json.decode(self.record.read_bytes(), type=Record)
        except FileNotFoundError:
            return None

    def save(self, record: Record) -> None:
        durable.replace(self.record, msgspec.json.encode(record))


def _socket(folder: Path) -> Path:
    """The folder's socket. A QEMU of an older version that survives an upgrade has its socket at this path."""
    return folder if folder.is_socket() else folder / "s"


_boot_id = ""


def boot_id() -> str:
    """Changes with each boot of this machine."""
    global _boot_id
    if not _boot_id:
        _boot_id = BOOT_ID.read_text().strip()
    return _boot_id
