"""What a guest stands on beside QEMU: folders, users, disks, network plugs and the documents about it."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from kumoi.engines.hypervisor.interface import Disk, GuestMetadata, HypervisorError, NetworkSilent, Nic, RootDisk
from kumoi.engines.hypervisor.qemu import accelerator, tap
from kumoi.engines.images import qcow2
from kumoi.engines.network.interface import NetworkError, Silent, Wiring
from kumoi.engines.volumes.interface import VolumesError
from kumoi.engines.volumes.places import Owner, saying_when_full
from kumoi.engines.volumes.qemu_img import GIB, QemuImg
from kumoi.kernel import accounts, durable, log
from kumoi.kernel.fences import Fence
from kumoi.kernel.settings import Folder, Settings

ROOM = "hypervisor.qemu"

Render = Callable[[GuestMetadata], Mapping[str, bytes]]
Publish = Callable[[str, GuestMetadata | None], None]


def nobody_asks(server_id: str, metadata: GuestMetadata | None) -> None:
    """A `published` for hosts that serve no metadata."""


@dataclass(frozen=True)
class Surroundings:
    """`render` makes a config drive's files; `published` hears what a guest's metadata is from now on (None: gone)."""

    folder: Folder
    settings: Settings
    wiring: Wiring
    render: Render
    published: Publish = nobody_asks
    user: str | None = field(default_factory=lambda: accounts.GUEST if os.geteuid() == 0 else None)
    """Whom QEMU runs as; None: whoever runs the agent."""

    @cached_property
    def owner(self) -> Owner:
        try:
            return Owner(self.user)
        except KeyError as error:
            raise HypervisorError(f"the user {self.user}, who runs guests, does not exist on this host") from error

    @cached_property
    def accelerator(self) -> accelerator.Accelerator:
        return accelerator.choose(self.settings.accelerator, self.folder.host / "accelerator.json", self.user)

    def make_folders(self) -> None:
        """The folders of all guests and their sockets; none but root and QEMU reaches a monitor."""
        for path, mode in ((self.folder.guests, 0o711), (self.folder.run, None)):
            durable.make_folder(path)
            if mode is not None:
                accounts.give(path, mode)
        for name, mode in (("qmp", 0o700), ("vnc", 0o711)):
            path = self.folder.run / name
            path.mkdir(exist_ok=True)
            accounts.give(path, mode, owner=self.user)

    def hand_over(self, path: Path) -> None:
        """An existing file becomes QEMU's, and nobody else's; made empty when absent."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            if os.geteuid() == 0:
                os.fchown(handle, self.owner.uid, self.owner.gid)
            os.fchmod(handle, 0o600)
        finally:
            os.close(handle)

    def disk_path(self, disk: Disk) -> Path:
        """The volume's file; HypervisorError when it is not on this host."""
        path = self.folder.volumes / f"{disk.source.volume_id}.qcow2"
        if "/" in disk.source.volume_id or not path.is_file():
            raise HypervisorError(f"volume {disk.source.volume_id} is not on this host")
        return path

    def make_root_disk(self, root: RootDisk, path: Path) -> None:
        """A disk on the image's base at `path`, once; grown when the specification asks for more."""
        base = self.folder.bases / root.image_id
        try:
            base_size = qcow2.read(base).virtual_size
            size = root.size_gib * GIB or base_size
            if size < base_size:
                raise HypervisorError(
                    f"image {root.image_id} needs a disk of {-(-base_size // GIB)} GiB, not {root.size_gib}"
                )
            images = QemuImg(self.user)
            with saying_when_full():
                if not path.exists():
                    with self.owner.growing(path) as part:
                        images.create(part, size, os.path.relpath(base, path.parent))
                elif qcow2.read(path).virtual_size < size:
                    images.resize(path, size)
        except (OSError, qcow2.NotQcow2) as error:
            raise HypervisorError(f"image {root.image_id} is not prepared on this host: {error}") from error
        except VolumesError as error:
            raise HypervisorError(str(error)) from error

    @contextmanager
    def cards(self, fence: Fence, nics: Sequence[Nic]) -> Iterator[dict[str, int | None]]:
        """Port id → descriptor of its tap, plugged and open inside the block. None where networks are fake."""
        opened: dict[str, int | None] = {}
        try:
            for nic in nics:
                name = self.wiring.plug(fence, nic.port_id, nic.mac, nic.mtu)
                fake = self.settings.network == "fake" and not tap.exists(name)
                opened[nic.port_id] = None if fake else tap.open_tap(name)
            yield opened
        except Silent as error:
            raise NetworkSilent(f"a network card is not plugged yet: {error}") from error
        except NetworkError as error:
            raise HypervisorError(f"a network card could not be plugged: {error}") from error
        except OSError as error:
            raise HypervisorError(f"a network card could not be opened: {error}") from error
        finally:
            for descriptor in opened.values():
                if descriptor is not None:
                    os.close(descriptor)

    def unplug(self, fence: Fence, port_ids: Sequence[str]) -> None:
        """Take the plugs away; HypervisorError when one stays."""
        try:
            for port_id in port_ids:
                self.wiring.unplug(fence, port_id)
        except Silent as error:
            raise NetworkSilent(f"a network card is not unplugged yet: {error}") from error
        except NetworkError as error:
            raise HypervisorError(f"a network card could not be unplugged: {error}") from error

    def try_to_unplug(self, fence: Fence, port_ids: Sequence[str]) -> None:
        """As `unplug`, where there is nobody to tell: the next order of that guest does it again."""
        with contextlib.suppress(HypervisorError):
            self.unplug(fence, port_ids)
            return
        log.say(ROOM, "network cards of a guest that is off stay plugged", subject=fence.subject)
