"""What compute asks of the guests of one host. Every call is idempotent; none waits for a guest's goodwill."""

from enum import StrEnum
from typing import Any, Literal, Protocol

import msgspec

from kumoi.engines.volumes.interface import Source
from kumoi.kernel.errors import EngineRefused, EngineSilent
from kumoi.kernel.fences import Fence

MOST_DISKS = 18
"""That a guest has room for, the root disk included."""
MOST_CARDS = 9
"""Network cards that a guest has room for."""


class HypervisorError(EngineRefused):
    """The guest could not be brought where it should be; the text is for the person who asked."""


class NetworkSilent(HypervisorError, EngineSilent):
    """The network that a card is plugged into does not answer just now: asked again, it may."""

    told = "the network of its host does not answer"


class GuestState(StrEnum):
    ABSENT = "absent"
    """No trace of it on this host."""
    OFF = "off"
    RUNNING = "running"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    """Its memory lies in a file; no process."""
    FAILED = "failed"
    """Its process died without being told to."""


class RootDisk(msgspec.Struct, frozen=True):
    """A private disk of the guest, copy-on-write on an image's base (`Volumes.prepare_base` came before)."""

    image_id: str
    size_gib: int
    """0: the image's own size."""
    tag: str | None = None
    """By which the guest finds the device, as for every disk and network card."""


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


class GuestMetadata(msgspec.Struct, frozen=True):
    """What the guest may ask about itself, by 169.254.169.254 or config drive; the host renders the documents."""

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
    """Those with tags. Only the host knows where they are plugged, and says it: in what it is told there are none."""


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
    """Of disks: what the guest is likely to call it."""


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
    """`QEMU` or `fake`, as hypervisors in the compute API say it."""
    hypervisor_version: int
    """7002022 for 7.2.22."""
    accelerator: str
    """`kvm`, `tcg` or `none`."""
    cpu: dict[str, Any]
    """arch, model, vendor, topology, features."""


class Hypervisor(Protocol):
    """States reached by: start → RUNNING; pause, unpause; suspend; ask_shutdown or power_off → OFF; destroy → ABSENT.

    What does not fit the guest's state (pausing one that is OFF, changing devices of a SUSPENDED one, anything but
    destroy and detach of one that is ABSENT) raises HypervisorError.
    """

    def start(self, fence: Fence, spec: GuestSpec) -> None:
        """Make what is missing of the guest (folder, root disk, config drive, taps) and run it. A running or paused
        one stays as it is; a suspended one resumes from its memory, as it was: `spec` does not change it."""

    def ask_shutdown(self, fence: Fence, server_id: str) -> None:
        """Press its power button; ask `state` later whether it obeyed."""

    def power_off(self, fence: Fence, server_id: str) -> None: ...

    def pause(self, fence: Fence, server_id: str) -> None: ...

    def unpause(self, fence: Fence, server_id: str) -> None: ...

    def suspend(self, fence: Fence, server_id: str) -> None: ...

    def destroy(self, fence: Fence, server_id: str) -> None:
        """End it and remove all that it had here: process, folder, root disk, taps, metadata. Also one never seen here:
        the fence is kept, so that a late `start` of an older generation is refused."""

    def attach_disk(self, fence: Fence, server_id: str, disk: Disk) -> str:
        """Plug it, running or off; the device name the guest is likely to give it (`/dev/vdb`)."""

    def detach_disk(self, fence: Fence, server_id: str, volume_id: str) -> bool:
        """Ask the guest to let go; True when it is gone (also when the guest is), False: ask again later.

        A guest that stands still lets go of nothing.
        """

    def attach_nic(self, fence: Fence, server_id: str, nic: Nic) -> None: ...

    def detach_nic(self, fence: Fence, server_id: str, port_id: str) -> bool:
        """As `detach_disk`."""

    def publish_metadata(self, fence: Fence, server_id: str, metadata: GuestMetadata) -> None:
        """Replace what 169.254.169.254 answers, from the next question on."""

    def state(self, server_id: str) -> GuestState: ...

    def states(self) -> dict[str, GuestState]:
        """Every guest on this host, in one question."""

    def reason(self, server_id: str) -> str:
        """Why it is OFF or FAILED without having been told to, for its owner; empty when that is not known."""

    def cards(self, server_id: str | None = None) -> dict[str, list[str]]:
        """Every guest on this host, or only the one named → the ports of the network cards that it has, or comes back
        with, in one question."""

    def disks(self) -> dict[str, list[str]]:
        """Every guest on this host → the volumes that it has plugged in, or comes back with, in one question."""

    def console_log(self, server_id: str, lines: int | None) -> str:
        """The end of what the serial port said; HypervisorError when the guest is absent."""

    def vnc_socket(self, server_id: str) -> str:
        """The unix socket where its screen is served; HypervisorError when it is not running."""

    def host(self) -> Host: ...
