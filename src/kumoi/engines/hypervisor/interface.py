"""The guests of one host, as compute uses them. Every call is idempotent; none waits for the cooperation of a guest."""

from enum import StrEnum
from typing import Any, Literal, Protocol

import msgspec

from kumoi.engines.volumes.interface import Source
from kumoi.kernel.errors import EngineRefused, EngineSilent
from kumoi.kernel.fences import Fence

MOST_DISKS = 18
"""Maximum number of disks of a guest, including the root disk."""
MOST_CARDS = 9
"""Maximum number of network cards of a guest."""


class HypervisorError(EngineRefused):
    """The guest could not reach the requested state. The text is for the person who made the request."""


class NetworkSilent(HypervisorError, EngineSilent):
    """The network of a card does not answer at the moment. A retry may succeed."""

    told = "the network of its host does not answer"


class GuestState(StrEnum):
    ABSENT = "absent"
    """Nothing of the guest exists on this host."""
    OFF = "off"
    RUNNING = "running"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    """Its memory is in a file; it has no process."""
    FAILED = "failed"
    """Its process died unexpectedly."""


class RootDisk(msgspec.Struct, frozen=True):
    """A private disk of the guest, copy-on-write on an image's base. `Volumes.prepare_base` must come first."""

    image_id: str
    size_gib: int
    """0: the image's own size."""
    tag: str | None = None
    """The device tag that the guest reads in its metadata; disks and network cards have it too."""


class RescueDisk(msgspec.Struct, frozen=True):
    """The disk from which a rescued guest boots, on an image's base. It goes when the guest starts without one."""

    image_id: str
    last: bool
    """Whether the guest's own disks keep their places, and this one is the last. Otherwise it is the first."""


class Disk(msgspec.Struct, frozen=True):
    volume_id: str
    source: Source
    boot_index: int | None = None
    tag: str | None = None


class Nic(msgspec.Struct, frozen=True):
    port_id: str
    mac: str
    mtu: int
    tag: str | None = None


class GuestSpec(msgspec.Struct, frozen=True):
    server_id: str
    name: str
    vcpus: int
    memory_mib: int
    root: RootDisk | None
    disks: list[Disk]
    nics: list[Nic]
    config_drive: bool
    metadata: "GuestMetadata"
    rescue: RescueDisk | None = None


class GuestMetadata(msgspec.Struct, frozen=True):
    """The metadata of a guest, served at 169.254.169.254 and on the config drive. The host renders the documents."""

    server_id: str
    project_id: str
    name: str
    hostname: str
    availability_zone: str
    launch_index: int
    public_keys: dict[str, str]
    """Key name → `ssh-ed25519 AAAA…`."""
    meta: dict[str, str]
    user_data: bytes | None
    admin_pass: str | None
    instance_type: str
    image_id: str | None
    addresses: list["GuestAddress"]
    network_data: dict[str, Any]
    """network_data.json as OpenStack documents it: links, networks, services."""
    block_devices: dict[str, str]
    """EC2's block-device-mapping: ami, root …"""
    security_groups: list[str]
    reservation_id: str
    devices: list["GuestDevice"] = []
    """Devices with tags. Only the host knows their addresses and fills this list in; callers leave it empty."""
    files: list["GuestFile"] = []


class GuestFile(msgspec.Struct, frozen=True):
    """A file that the creator of the server supplied."""

    path: str
    contents: bytes


class GuestDevice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A device with tags as meta_data.json lists it."""

    type: Literal["nic", "disk"]
    tags: list[str]
    bus: str
    address: str
    """`0000:00:04.0` on the bus `pci`."""
    mac: str | None = None
    """Of network cards."""
    serial: str | None = None
    """Of volumes, as the guest reads it."""
    path: str | None = None
    """Of disks: the name that the guest probably uses."""


class GuestAddress(msgspec.Struct, frozen=True):
    network_id: str
    address: str
    floating: str | None = None


class Host(msgspec.Struct, frozen=True):
    name: str
    vcpus: int
    memory_mib: int
    disk_gib: int
    hypervisor_type: str
    """`QEMU` or `fake`, as the compute API shows it."""
    hypervisor_version: int
    """7002022 for 7.2.22."""
    accelerator: str
    """`kvm`, `tcg` or `none`."""
    cpu: dict[str, Any]
    """arch, model, vendor, topology, features."""


class Hypervisor(Protocol):
    """Transitions: start → RUNNING; pause, unpause; suspend; ask_shutdown or power_off → OFF; destroy → ABSENT.

    A call that does not fit the guest's state raises HypervisorError: pausing a guest that is OFF, changing devices of
    a SUSPENDED one, or anything except destroy and detach of an ABSENT one.
    """

    def start(self, fence: Fence, spec: GuestSpec) -> None:
        """Create the missing parts of the guest (folder, root disk, config drive, taps) and run it. A running or paused
        guest stays as it is. A suspended guest resumes from its memory, and `spec` does not change it."""

    def ask_shutdown(self, fence: Fence, server_id: str) -> None:
        """Press the power button. `state` shows later whether the guest shut down."""

    def power_off(self, fence: Fence, server_id: str) -> None: ...

    def pause(self, fence: Fence, server_id: str) -> None: ...

    def unpause(self, fence: Fence, server_id: str) -> None: ...

    def suspend(self, fence: Fence, server_id: str) -> None: ...

    def destroy(self, fence: Fence, server_id: str) -> None:
        """End the guest and remove everything it had here: process, folder, root disk, taps, metadata. For an unknown guest
        the host still stores the fence, so that it refuses a late `start` with an older generation."""

    def keep_root(self, fence: Fence, server_id: str) -> None:
        """Copy the root disk of a guest that is OFF, so that `restore_root` can bring it back. A copy that exists
        stays. Without a root disk there is nothing to copy."""

    def restore_root(self, fence: Fence, server_id: str) -> None:
        """Put the copy in the place of the root disk of a guest that is OFF. Without a copy the disk stays."""

    def forget_root(self, fence: Fence, server_id: str) -> None:
        """Remove the copy that `keep_root` made, if there is one."""

    def copy_root(self, fence: Fence, server_id: str, copy_id: str) -> str:
        """Copy the root disk, as of one instant and also while the guest runs, into a whole qcow2 on no other file. An
        existing copy stays. Returns its path on the host, which the control plane may read. The copy goes with the
        guest."""

    def remove_copy(self, fence: Fence, server_id: str, copy_id: str) -> None: ...

    def inject_nmi(self, fence: Fence, server_id: str) -> None:
        """Interrupt a guest that runs or is paused, as by a button on its front. It usually dumps its memory then."""

    def attach_disk(self, fence: Fence, server_id: str, disk: Disk) -> str:
        """Plug a disk into a guest that runs or is off. Returns the device name that the guest probably uses (`/dev/vdb`)."""

    def detach_disk(self, fence: Fence, server_id: str, volume_id: str) -> bool:
        """Ask the guest to release a disk. True: the disk (or the guest) is gone. False: call again later.

        A paused guest releases nothing.
        """

    def attach_nic(self, fence: Fence, server_id: str, nic: Nic) -> None: ...

    def detach_nic(self, fence: Fence, server_id: str, port_id: str) -> bool:
        """As `detach_disk`."""

    def publish_metadata(self, fence: Fence, server_id: str, metadata: GuestMetadata) -> None:
        """Replace the metadata that 169.254.169.254 serves. The next request sees it."""

    def state(self, server_id: str) -> GuestState: ...

    def states(self) -> dict[str, GuestState]:
        """The state of every guest on this host."""

    def reason(self, server_id: str) -> str:
        """Why the guest is OFF or FAILED unexpectedly, for its owner; empty if that is unknown."""

    def cards(self, server_id: str | None = None) -> dict[str, list[str]]:
        """Guest → the ports of its network cards (those of a stopped guest included), for every guest on this host or
        only the given one."""

    def disks(self) -> dict[str, list[str]]:
        """Guest → the ids of its volumes, for every guest on this host, including those that are not running."""

    def console_log(self, server_id: str, lines: int | None) -> str:
        """The last `lines` lines of the serial console (None: all); HypervisorError if the guest is absent."""

    def vnc_socket(self, server_id: str) -> str:
        """The path of the unix socket that serves the screen; HypervisorError if the guest does not run."""

    def host(self) -> Host: ...

    def password(self, server_id: str) -> str:
        """What the guest has set as its password, encrypted for its owner; empty if it has set none."""

    def clear_password(self, fence: Fence, server_id: str) -> None:
        """The guest may set one again."""

    def uptime(self) -> str:
        """How long the host has run, and its load, as the program `uptime` says it."""
