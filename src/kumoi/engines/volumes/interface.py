"""What block storage and compute ask of the disks of one host. Every call is idempotent."""

from pathlib import Path
from typing import Protocol

import msgspec

from kumoi.kernel.errors import EngineRefused
from kumoi.kernel.fences import Fence


class VolumesError(EngineRefused):
    """The disk could not be made, changed or read; the text is for the person who asked."""


class FileSource(msgspec.Struct, frozen=True, tag="file"):
    """A disk that lies on the host as a qcow2 file; the host derives its path from the id."""

    volume_id: str


Source = FileSource
"""Where a guest's disk comes from; NBD, RBD and iSCSI sources will join this union."""


class Base(msgspec.Struct, frozen=True):
    """An image's disk on this host, never written again: what volumes and root disks stand on. With files it is
    `Folder.bases/<image_id>`, always qcow2 whatever the image's own format."""

    image_id: str
    virtual_size: int
    """Bytes."""


class Holder(Protocol):
    """The running process that has a volume open: only it may change or copy the disk. Raises VolumesError."""

    def resize(self, size_bytes: int) -> None:
        """Grow the disk; the guest sees it. Nothing happens when it is that large."""

    def copy(self, to: Path) -> None:
        """Bring the disk's own layer, as of one instant during the call, into `to`: an empty qcow2 of the same size
        on the same backing file that belongs to the guests' user. `to` is closed again when this returns."""


class Volumes(Protocol):
    """Volumes and snapshots are thin and share an image's cached base copy-on-write. Any id that is no UUID,
    and any that is unknown where it must exist, is a VolumesError; so is a full disk, which leaves nothing.
    `kernel.fences.Busy`, and nothing changed, while an earlier order for the same disk or image is still being carried
    out, whoever gave it: asked again, it may be done."""

    def prepare_base(self, fence: Fence, image_id: str, disk_format: str) -> Base:
        """Bring the image's bytes from the image store onto this host, once. `disk_format` is what the image API
        says (raw, qcow2, vmdk, …); content that is something else or not safe to open is a VolumesError."""

    def create(
        self, fence: Fence, volume_id: str, size_gib: int, image_id: str | None, snapshot_id: str | None
    ) -> None:
        """An empty volume, or one with an image's (prepared before) or a snapshot's content, grown to the size;
        VolumesError when the content is larger. A volume that is there stays as it is."""

    def delete(self, fence: Fence, volume_id: str) -> None:
        """Also when there is none; VolumesError while a running guest holds it."""

    def extend(self, fence: Fence, volume_id: str, size_gib: int) -> None:
        """Also while a running guest holds it: the guest sees the new size. VolumesError when it is larger already."""

    def snapshot(self, fence: Fence, volume_id: str, snapshot_id: str) -> int:
        """A copy of this instant, crash-consistent, independent of the volume; also while a guest holds it.
        A snapshot that is there stays as it is. Its bytes: what the volume had at that instant."""

    def delete_snapshot(self, fence: Fence, snapshot_id: str) -> None: ...

    def connect(self, fence: Fence, volume_id: str) -> Source:
        """What a hypervisor on this host opens. Busy while the volume is being copied: a writer would tear the copy."""

    def disconnect(self, fence: Fence, volume_id: str) -> None: ...

    def drop_unused_bases(self, fence: Fence, keep: list[str]) -> list[str]:
        """Remove the bases that no disk stands on and that are not in `keep` (those of servers about to start must
        be in it); the image ids that went."""

    def virtual_size(self, fence: Fence, volume_id: str) -> int | None:
        """Bytes that the volume has, now that every earlier order for it has ended; None when there is no such."""

    def capacity(self) -> "Capacity":
        """Of the file system or pool behind the volumes."""

    def inventory(self) -> "Inventory":
        """What lies on this host, for the audit."""

    def sizes(self) -> "Sizes":
        """How large it is, for the audit; of what cannot be read, nothing."""


class Capacity(msgspec.Struct, frozen=True):
    total_gib: float
    free_gib: float


class Sizes(msgspec.Struct, frozen=True):
    """Id → bytes of disk, whatever it takes on the host."""

    volumes: dict[str, int]
    snapshots: dict[str, int]


class Inventory(msgspec.Struct, frozen=True):
    volumes: list[str]
    snapshots: list[str]
    bases: list[str]
