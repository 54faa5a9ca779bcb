"""The disks of one host, as block storage and compute use them. Every call is idempotent."""

from pathlib import Path
from typing import Protocol

import msgspec

from kumoi.kernel.errors import EngineRefused
from kumoi.kernel.fences import Fence


class VolumesError(EngineRefused):
    """The disk could not be made, changed or read. The text is for the person who made the request."""


class FileSource(msgspec.Struct, frozen=True, tag="file"):
    """A disk in a qcow2 file on the host. The host derives its path from the id."""

    volume_id: str


Source = FileSource
"""The source of a guest's disk. NBD, RBD and iSCSI sources will join this union."""


class Base(msgspec.Struct, frozen=True):
    """An image's read-only disk on this host, the backing file of volumes and root disks. With files it is
    `Folder.bases/<image_id>`, always qcow2 whatever the image's own format."""

    image_id: str
    virtual_size: int
    """Bytes."""


class Holder(Protocol):
    """The running process that has a volume open. Only this process may change or copy the disk. Raises VolumesError."""

    def resize(self, size_bytes: int) -> None:
        """Extend the disk; the guest sees the new size. Does nothing if the disk has this size."""

    def copy(self, to: Path) -> None:
        """Copy the disk's own layer, as of one instant during the call, into `to`: an empty qcow2 of the same size on the
        same backing file, which belongs to the guests' user. `to` is closed when this returns."""


class Volumes(Protocol):
    """Volumes and snapshots are thin and share an image's cached base copy-on-write. VolumesError for an id that is not
    a UUID, for a required disk that does not exist, and when the storage is full; then the call leaves nothing behind.
    While an earlier order for the same disk or image runs, a call raises `kernel.fences.Busy` and changes nothing."""

    def prepare_base(self, fence: Fence, image_id: str, disk_format: str) -> Base:
        """Copy the image's bytes from the image store to this host, once. `disk_format` is that of the image API (raw,
        qcow2, vmdk, …). VolumesError if the content has another format or is not safe to open."""

    def create(
        self, fence: Fence, volume_id: str, size_gib: int, image_id: str | None, snapshot_id: str | None
    ) -> None:
        """Create an empty volume, or one with the content of an image (prepared before) or a snapshot, grown to the
        size. VolumesError if the content is larger. An existing volume stays as it is."""

    def delete(self, fence: Fence, volume_id: str) -> None:
        """Succeeds also if there is no such volume; VolumesError while a running guest has it open."""

    def extend(self, fence: Fence, volume_id: str, size_gib: int) -> None:
        """Works also while a running guest has the volume open. VolumesError if the volume is already larger."""

    def snapshot(self, fence: Fence, volume_id: str, snapshot_id: str) -> int:
        """Create a crash-consistent copy that is independent of the volume, also while a guest has it open. An existing
        snapshot stays as it is. Returns the size of the volume at that instant, in bytes."""

    def delete_snapshot(self, fence: Fence, snapshot_id: str) -> None: ...

    def back_up(self, fence: Fence, snapshot_id: str, backup_id: str, parent_id: str | None) -> int:
        """Keep the content of a snapshot as a backup that needs neither the snapshot nor an image. With a parent, an earlier
        backup, only what differs from it is kept. An existing backup stays as it is. Returns the bytes that it
        occupies."""

    def restore(self, fence: Fence, volume_id: str, size_gib: int, backup_id: str) -> None:
        """Create the volume with the content of a backup, grown to the size, in place of one with this id. The old one stays
        until the new one is complete. VolumesError if a running guest has it open, or if the content is larger."""

    def delete_backup(self, fence: Fence, backup_id: str) -> None: ...

    def export(self, fence: Fence, snapshot_id: str, image_id: str, disk_format: str) -> None:
        """Write the content of a snapshot into the image store as the bytes of an image, which need nothing else. Blocks are
        shared where the format and the file system allow it. `disk_format` is that of the image API. Existing bytes stay.
        VolumesError for a format that holds no disk."""

    def connect(self, fence: Fence, volume_id: str) -> Source:
        """The source that a hypervisor on this host opens. Busy while the volume is copied, because a writer would make
        the copy inconsistent."""

    def disconnect(self, fence: Fence, volume_id: str) -> None: ...

    def drop_unused_bases(self, fence: Fence, keep: list[str]) -> list[str]:
        """Remove the bases that no disk uses and that are not in `keep`, which must have those of servers about to start.
        Returns the image ids of the removed bases."""

    def virtual_size(self, fence: Fence, volume_id: str) -> int | None:
        """The size of the volume in bytes, after every earlier order for it has ended; None if it does not exist."""

    def capacity(self) -> "Capacity":
        """The capacity of the file system or pool behind the volumes."""

    def inventory(self) -> "Inventory":
        """Everything that exists on this host, for the audit."""

    def sizes(self) -> "Sizes":
        """The sizes of all disks, for the audit. Unreadable disks are left out."""


class Capacity(msgspec.Struct, frozen=True):
    total_gib: float
    free_gib: float


class Sizes(msgspec.Struct, frozen=True):
    """Id → virtual bytes of the disk, regardless of its size on the host."""

    volumes: dict[str, int]
    snapshots: dict[str, int]


class Inventory(msgspec.Struct, frozen=True):
    volumes: list[str]
    snapshots: list[str]
    bases: list[str]
    backups: list[str] = []
