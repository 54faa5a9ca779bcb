"""What block storage and compute ask of the disks of one host. Every call is idempotent."""

from typing import Protocol

import msgspec

from kumoi.kernel.fences import Fence


class VolumesError(Exception):
    """The disk could not be made, changed or read; the text is for the person who asked."""


class FileSource(msgspec.Struct, frozen=True, tag="file"):
    """A disk that lies on the host as a file; the host derives its path from the id."""

    volume_id: str


Source = FileSource
"""Where a guest's disk comes from; NBD, RBD and iSCSI sources will join this union."""


class Base(msgspec.Struct, frozen=True):
    image_id: str
    virtual_size: int
    """Bytes."""


class Volumes(Protocol):
    """Volumes and snapshots are thin and share an image's cached base copy-on-write."""

    def prepare_base(self, fence: Fence, image_id: str) -> Base:
        """Bring the image's bytes from the image store onto this host, once."""

    def create(
        self, fence: Fence, volume_id: str, size_gib: int, image_id: str | None, snapshot_id: str | None
    ) -> None:
        """An empty volume, or one with an image's (prepared before) or a snapshot's content, grown to the size."""

    def delete(self, fence: Fence, volume_id: str) -> None: ...

    def extend(self, fence: Fence, volume_id: str, size_gib: int) -> None:
        """Also while a running guest holds it: the guest sees the new size."""

    def snapshot(self, fence: Fence, volume_id: str, snapshot_id: str) -> None:
        """A copy of this instant, crash-consistent, independent of the volume; also while a guest holds it."""

    def delete_snapshot(self, fence: Fence, snapshot_id: str) -> None: ...

    def connect(self, fence: Fence, volume_id: str) -> Source:
        """What a hypervisor on this host opens."""

    def disconnect(self, fence: Fence, volume_id: str) -> None: ...

    def drop_unused_bases(self, fence: Fence, keep: list[str]) -> list[str]:
        """Remove the bases that no disk stands on and that are not in `keep`; the image ids that went."""

    def capacity(self) -> "Capacity": ...

    def inventory(self) -> "Inventory":
        """What lies on this host, for the audit."""


class Capacity(msgspec.Struct, frozen=True):
    total_gib: float
    free_gib: float


class Inventory(msgspec.Struct, frozen=True):
    volumes: list[str]
    snapshots: list[str]
    bases: list[str]
