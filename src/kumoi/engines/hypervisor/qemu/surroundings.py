"""What a guest needs besides QEMU: folders, users, disks, network plugs and its metadata documents."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from kumoi.engines.hypervisor.interface import Disk, GuestMetadata, HypervisorError, NetworkSilent, Nic, RootDisk
from kumoi.engines.hypervisor.qemu import accelerator, control_groups, tap
from kumoi.engines.hypervisor.qemu.control_groups import ControlGroups
from kumoi.engines.hypervisor.qemu.record import Place
from kumoi.engines.hypervisor.qemu.users import GuestUsers, uids_of
from kumoi.engines.images import qcow2
from kumoi.engines.network.interface import NetworkError, Silent, Wiring
from kumoi.engines.volumes.files import copy_sparsely
from kumoi.engines.volumes.interface import VolumesError
from kumoi.engines.volumes.places import Owner, explaining_full_disk
from kumoi.engines.volumes.qemu_img import GIB, QemuImg
from kumoi.kernel import accounts, durable, log
from kumoi.kernel.fences import Fence
from kumoi.kernel.settings import Folder, Settings

ROOM = "hypervisor.qemu"

Render = Callable[[GuestMetadata], Mapping[str, bytes]]
Publish = Callable[[str, GuestMetadata | None], None]


def publish_nowhere(server_id: str, metadata: GuestMetadata | None) -> None:
    """A `published` for hosts that serve no metadata."""


@dataclass(frozen=True)
class Surroundings:
    """`render` makes a config drive's files. `published` is called with a guest's new metadata (None: gone)."""

    folder: Folder
    settings: Settings
    wiring: Wiring
    render: Render
    published: Publish = publish_nowhere
    user: str | None = field(default_factory=lambda: accounts.GUEST if os.geteuid() == 0 else None)
    """The owner of disks that no guest uses; guests may pass through its folders. None: the agent's user also runs QEMU
    and owns everything."""

    @cached_property
    def owner(self) -> Owner:
        try:
            return Owner(self.user)
        except KeyError as error:
            raise HypervisorError(f"the user {self.user}, that runs guests does not exist on this host") from error

    @cached_property
    def accelerator(self) -> accelerator.Accelerator:
        return accelerator.choose(self.settings.accelerator, self.folder.host / "accelerator.json", self.user)

    @cached_property
    def guest_users(self) -> GuestUsers:
        held, owners = {}, set()
        for folder in self.folder.guests.iterdir() if self.folder.guests.is_dir() else ():
            record = Place(self.folder, folder.name).load()
            if record and record.uid is not None:
                held[folder.name] = record.uid
        for files in (self.folder.guests.glob("*/*"), self.folder.volumes.glob("*")):
            for file in files:
                with contextlib.suppress(FileNotFoundError):
                    owners.add(file.stat(follow_symlinks=False).st_uid)
        return GuestUsers(uids_of(self.settings), held, owners)

    @cached_property
    def control_groups(self) -> ControlGroups:
        root = control_groups.mounted() if os.geteuid() == 0 and self.user is not None else None
        return ControlGroups(root, self.settings.cloud_id)

    def uid_for(self, server_id: str) -> int | None:
        """The user of the guest's QEMU; None: the agent's user."""
        return None if self.user is None or os.geteuid() != 0 else self.guest_users.of(server_id)

    def make_folders(self) -> None:
        """The folders of all guests and their sockets. Guests pass through them to their own files."""
        for path, mode in ((self.folder.guests, 0o711), (self.folder.run, None)):
            durable.make_folder(path)
            if mode is not None:
                accounts.give(path, mode)
        for name in ("qmp", "vnc"):
            path = self.folder.run / name
            path.mkdir(exist_ok=True)
            accounts.give(path, 0o711, owner=0, group=0)

    def make_socket_folders(self, place: Place, uid: int | None) -> None:
        """Create the two folders of QEMU's sockets again. Only the guest and root have access to the monitor's; the
        control plane may pass through the screen's."""
        self.remove_sockets(place)
        control = accounts.CONTROL if accounts.numbers(accounts.CONTROL) else None
        for path, mode, group in ((place.monitor_folder, 0o700, None), (place.screen_folder, 0o710, control)):
            path.mkdir(mode=0o700)
            accounts.give(path, mode, owner=uid, group=group)

    @staticmethod
    def remove_sockets(place: Place) -> None:
        for path in (place.monitor_folder, place.screen_folder):
            if path.is_socket():
                path.unlink()
            else:
                shutil.rmtree(path, ignore_errors=True)

    def hand_over(self, path: Path, uid: int | None, *, make: bool = False) -> None:
        """Give a file to one guest; `make`: create it empty if it is absent. `uid` None: give it to the owner of all
        disks."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT * make | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            if os.geteuid() == 0:
                os.fchown(handle, *((self.owner.uid, self.owner.gid) if uid is None else (uid, uid)))
            os.fchmod(handle, 0o600)
        finally:
            os.close(handle)

    @contextmanager
    def lent(self, path: Path, uid: int | None) -> Iterator[None]:
        """Inside the block a new file of disks belongs to the guest, whose QEMU fills it."""
        self.hand_over(path, uid)
        try:
            yield
        finally:
            with contextlib.suppress(FileNotFoundError):
                self.owner.take(path)

    def take_back(self, disks: Sequence[Disk], uid: int | None) -> None:
        """Volumes that the guest has no longer."""
        for disk in disks if uid is not None else ():
            with contextlib.suppress(OSError, HypervisorError):
                self.owner.take(self.disk_path(disk), of=uid)

    def disk_path(self, disk: Disk) -> Path:
        """The volume's file; HypervisorError when it is not on this host."""
        path = self.folder.volumes / f"{disk.source.volume_id}.qcow2"
        if "/" in disk.source.volume_id or not path.is_file():
            raise HypervisorError(f"volume {disk.source.volume_id} is not on this host")
        return path

    def make_root_disk(self, root: RootDisk, path: Path) -> None:
        """Create a disk on the image's base at `path` unless it exists, and extend it if the specification has a larger
        size."""
        base = self.folder.bases / root.image_id
        images = QemuImg(self.user)
        try:
            if path.exists():
                if qcow2.read(path).virtual_size < root.size_gib * GIB:
                    with explaining_full_disk():
                        self.owner.take(path)
                        images.resize(path, root.size_gib * GIB)
                return
            base_size = qcow2.read(base).virtual_size
            size = root.size_gib * GIB or base_size
            if size < base_size:
                raise HypervisorError(
                    f"image {root.image_id} needs a disk of {-(-base_size // GIB)} GiB, not {root.size_gib}"
                )
            with explaining_full_disk(), self.owner.growing(path) as part:
                images.create(part, size, os.path.relpath(base, path.parent))
        except (OSError, qcow2.NotQcow2) as error:
            raise HypervisorError(f"image {root.image_id} is not prepared on this host: {error}") from error
        except VolumesError as error:
            raise HypervisorError(str(error)) from error

    @contextmanager
    def layer_like(self, disk: Path, to: Path) -> Iterator[Path]:
        """An empty qcow2 of the disk's size on the same base, which the block fills."""
        try:
            header = qcow2.read(disk)
            with explaining_full_disk(), self.owner.growing(to) as part:
                QemuImg(self.user).create(part, header.virtual_size, header.backing)
                yield part
        except (OSError, qcow2.NotQcow2, VolumesError) as error:
            raise HypervisorError(f"the root disk could not be copied: {error}") from error

    def flatten_disk(self, source: Path, to: Path) -> None:
        """Join a disk that no process has open and its base into one qcow2, which the control plane may read."""
        try:
            size = qcow2.read(source).virtual_size
            with explaining_full_disk(), self.owner.growing(to) as part:
                self.owner.take(source)
                QemuImg(self.user).convert(source, "qcow2", part, size)
                accounts.give(part, 0o440, group=accounts.CONTROL if accounts.numbers(accounts.CONTROL) else None)
        except (OSError, qcow2.NotQcow2, VolumesError) as error:
            raise HypervisorError(f"the root disk could not be copied: {error}") from error

    def copy_disk(self, source: Path, to: Path) -> None:
        """A second file of a disk that no process has open, sharing blocks where the file system can."""
        try:
            with explaining_full_disk(), self.owner.growing(to) as part:
                copy_sparsely(source, part)
        except VolumesError as error:
            raise HypervisorError(f"the root disk could not be copied: {error}") from error

    @contextmanager
    def cards(self, fence: Fence, nics: Sequence[Nic]) -> Iterator[dict[str, int | None]]:
        """Port id → descriptor of its tap, which is plugged and open inside the block. None if networks are fake."""
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
        """Remove the plugs; HypervisorError if one remains."""
        try:
            for port_id in port_ids:
                self.wiring.unplug(fence, port_id)
        except Silent as error:
            raise NetworkSilent(f"a network card is not unplugged yet: {error}") from error
        except NetworkError as error:
            raise HypervisorError(f"a network card could not be unplugged: {error}") from error

    def try_to_unplug(self, fence: Fence, port_ids: Sequence[str]) -> None:
        """As `unplug`, without errors: the guest's next order repeats it."""
        with contextlib.suppress(HypervisorError):
            self.unplug(fence, port_ids)
            return
        log.say(ROOM, "network cards of a guest that is off stay plugged", subject=fence.subject)
