"""Volumes and snapshots as qcow2 files of one host, standing on images' bases."""

import contextlib
import errno
import fcntl
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

from kumoi.engines.images import qcow2
from kumoi.engines.volumes.bases import Bases, bases_of, seal
from kumoi.engines.volumes.interface import Base, Capacity, FileSource, Holder, Inventory, Sizes, Source, VolumesError
from kumoi.engines.volumes.places import UNFINISHED, Owner, Turns, checked, explaining_full_disk, remove, sweep
from kumoi.engines.volumes.qemu_img import GIB, WRITTEN, QemuImg, explain
from kumoi.kernel import durable, processes
from kumoi.kernel.fences import Busy, Fence
from kumoi.kernel.processes import CommandFailed
from kumoi.kernel.settings import Folder

GUESTS_USER = "kumoi-guest"
_PATIENCE = 5.0
"""Seconds. A waiting call occupies a thread of the agent and a worker of the runner, and the runner retries anyway."""
_COPIED_A_SECOND = 10 << 20
_SUFFIX = ".qcow2"
_EXPORTED = ".image"
"""Suffix of an image's bytes that are not in the image store yet."""
# QEMU's locks on open disks: permissions from byte 100, shared permissions from byte 200.
_LOCKS_START, _LOCKS_LENGTH = 100, 200
_FLOCK = struct.Struct("hhqqi4x")


def _no_holder(volume_id: str) -> Holder | None:
    return None


class FileVolumes:
    """Implements Volumes. The agent checks fences; orders for one disk run one after the other.

    A snapshot is a copy of a volume's own layer, so it is independent of the volume.
    """

    def __init__(
        self,
        folder: Folder,
        *,
        user: str | None = GUESTS_USER,
        holder: Callable[[str], Holder | None] = _no_holder,
    ) -> None:
        """`user` owns the files and runs qemu-img; None: the user of this process. `holder` finds the process that has
        a volume open.

        Creates the folders and removes drafts that a crash left. VolumesError: there is no such user.
        """
        try:
            self.owner = Owner(user)
        except KeyError as error:
            raise VolumesError(f"the user {user}, that owns the disks does not exist on this host") from error
        self.holder = holder
        self.qemu_img = QemuImg(user)
        self.volumes, self.snapshots, self.guests = folder.volumes, folder.snapshots, folder.guests
        self.backups, self.images = folder.volume_backups, folder.images
        for place in (self.volumes, self.snapshots, self.backups):
            self.owner.folder(place)
            sweep(place)
        for exported in self.snapshots.glob(f"*{_EXPORTED}"):
            exported.unlink()
        self.bases = Bases(folder, self.owner, self.qemu_img, copy_sparsely)
        self.turns = Turns(_PATIENCE)

    def path(self, volume_id: str) -> Path:
        """The path of the volume, whether it exists or not."""
        return self.volumes / (checked("volume", volume_id) + _SUFFIX)

    def prepare_base(self, fence: Fence, image_id: str, disk_format: str) -> Base:
        with explaining_full_disk(), self.turns.of(f"image {image_id}"):
            return self.bases.prepare(image_id, disk_format)

    def create(
        self, fence: Fence, volume_id: str, size_gib: int, image_id: str | None, snapshot_id: str | None
    ) -> None:
        place, size = self.path(volume_id), size_gib * GIB
        if size_gib < 1:
            raise VolumesError(f"a volume cannot have a size of {size_gib} GiB")
        if image_id and snapshot_id:
            raise VolumesError("a volume starts from an image or from a snapshot, not from both")
        with explaining_full_disk(), self.turns.of(f"volume {volume_id}"):
            if place.exists():
                return
            if snapshot_id:
                self._create_from_snapshot(place, size, snapshot_id)
            elif image_id:
                with self.turns.of(f"image {image_id}"):
                    _must_fit(f"image {image_id}", self.bases.virtual_size(image_id), size)
                    with self.owner.growing(place) as part:
                        self.qemu_img.create(part, size, self._relative(image_id))
            else:
                with self.owner.growing(place) as part:
                    self.qemu_img.create(part, size)

    def delete(self, fence: Fence, volume_id: str) -> None:
        place = self.path(volume_id)
        with self.turns.of(f"volume {volume_id}"):
            if self.holder(volume_id):
                raise VolumesError(f"volume {volume_id} is held by a running guest")
            if place.exists():
                _refuse_if_open(place, f"volume {volume_id}")
            remove(place)

    def extend(self, fence: Fence, volume_id: str, size_gib: int) -> None:
        place, size = self.path(volume_id), size_gib * GIB
        with explaining_full_disk(), self.turns.of(f"volume {volume_id}"):
            now = _header(place, f"volume {volume_id}").virtual_size
            if now > size:
                raise VolumesError(f"volume {volume_id} has {now} bytes and cannot shrink to {size_gib} GiB")
            if holder := self.holder(volume_id):
                holder.resize(size)
            elif now < size:
                _refuse_if_open(place, f"volume {volume_id}")
                self.owner.take(place)  # It may be the uid's of a guest that is off.
                self.qemu_img.resize(place, size)

    def snapshot(self, fence: Fence, volume_id: str, snapshot_id: str) -> int:
        source, place = self.path(volume_id), self._snapshot(snapshot_id)
        with explaining_full_disk(), self.turns.of(f"volume {volume_id}"), self.turns.of(f"snapshot {snapshot_id}"):
            if place.exists():
                return _header(place, f"snapshot {snapshot_id}").virtual_size
            header = _header(source, f"volume {volume_id}")
            backing = self._own_backing(header, f"volume {volume_id}")
            holder = self.holder(volume_id)
            if not holder:
                _refuse_if_open(source, f"volume {volume_id}")
            with self.owner.growing(place) as part:
                if holder:
                    self.qemu_img.create(part, header.virtual_size, backing)
                    holder.copy(part)
                else:
                    _copy_at_rest(source, part, f"volume {volume_id}")
            return header.virtual_size

    def delete_snapshot(self, fence: Fence, snapshot_id: str) -> None:
        place = self._snapshot(snapshot_id)
        with self.turns.of(f"snapshot {snapshot_id}"):
            remove(place)

    def back_up(self, fence: Fence, snapshot_id: str, backup_id: str, parent_id: str | None) -> int:
        source, place = self._snapshot(snapshot_id), self._backup(backup_id)
        parent = self._backup(parent_id) if parent_id else None
        with explaining_full_disk(), self.turns.of(f"snapshot {snapshot_id}"), self.turns.of(f"backup {backup_id}"):
            if not place.exists():
                header = _header(source, f"snapshot {snapshot_id}")
                self._own_backing(header, f"snapshot {snapshot_id}")
                with self.owner.growing(place) as part:
                    if parent is None:
                        self.qemu_img.convert(source, "qcow2", part, header.virtual_size)
                    else:
                        _header(parent, f"backup {parent_id}")
                        self.qemu_img.create(part, header.virtual_size, f"../{self.snapshots.name}/{source.name}")
                        self.qemu_img.rebase(part, header.virtual_size, parent.name)
            return place.stat().st_blocks * 512

    def restore(self, fence: Fence, volume_id: str, size_gib: int, backup_id: str) -> None:
        place, source, size = self.path(volume_id), self._backup(backup_id), size_gib * GIB
        with explaining_full_disk(), self.turns.of(f"volume {volume_id}"):
            if self.holder(volume_id):
                raise VolumesError(f"volume {volume_id} is held by a running guest")
            if place.exists():
                _refuse_if_open(place, f"volume {volume_id}")
            header = _header(source, f"backup {backup_id}")
            _must_fit(f"backup {backup_id}", header.virtual_size, size)
            with self.owner.growing(place) as part:
                self.qemu_img.convert(source, "qcow2", part, size)
                if header.virtual_size < size:
                    self.qemu_img.resize(part, size)

    def delete_backup(self, fence: Fence, backup_id: str) -> None:
        place = self._backup(backup_id)
        with self.turns.of(f"backup {backup_id}"):
            remove(place)

    def export(self, fence: Fence, snapshot_id: str, image_id: str, disk_format: str) -> None:
        source, target = self._snapshot(snapshot_id), self.images / checked("image", image_id)
        if disk_format not in WRITTEN:
            raise VolumesError(f"an image with disk_format {disk_format} cannot be made of a volume")
        with explaining_full_disk(), self.turns.of(f"snapshot {snapshot_id}"), self.turns.of(f"image {image_id}"):
            if target.exists():
                return
            header = _header(source, f"snapshot {snapshot_id}")
            backing = self._own_backing(header, f"snapshot {snapshot_id}")
            made = self.snapshots / f"{image_id}{_EXPORTED}"
            with self.owner.growing(made) as part:
                if disk_format == "qcow2" and backing is None:
                    copy_sparsely(source, part)
                else:
                    self.qemu_img.convert(source, "qcow2", part, header.virtual_size, WRITTEN[disk_format])
            _hand_over(made, target)

    def connect(self, fence: Fence, volume_id: str) -> Source:
        place = self.path(volume_id)
        with self.turns.of(f"volume {volume_id}"):
            _header(place, f"volume {volume_id}")
        return FileSource(volume_id)

    def disconnect(self, fence: Fence, volume_id: str) -> None:
        checked("volume", volume_id)

    def drop_unused_bases(self, fence: Fence, keep: list[str]) -> list[str]:
        dropped: list[str] = []
        for image_id in sorted(set(self.bases.inventory()) - set(keep) - self._used_bases()):
            # A base that is being prepared or used now is skipped.
            with contextlib.suppress(Busy), self.turns.of(f"image {image_id}"):
                if image_id not in self._used_bases():
                    self.bases.drop(image_id)
                    dropped.append(image_id)
        return dropped

    def virtual_size(self, fence: Fence, volume_id: str) -> int | None:
        place = self.path(volume_id)
        with self.turns.of(f"volume {volume_id}"):
            return _header(place, f"volume {volume_id}").virtual_size if place.exists() else None

    def capacity(self) -> Capacity:
        usage = shutil.disk_usage(self.volumes)
        return Capacity(usage.total / GIB, usage.free / GIB)

    def inventory(self) -> Inventory:
        return Inventory(
            _stems(self.volumes), _stems(self.snapshots), self.bases.inventory(), _stems(self.backups)
        )  # fmt: skip

    def sizes(self) -> Sizes:
        return Sizes(_sizes(self.volumes), _sizes(self.snapshots))

    def _snapshot(self, snapshot_id: str) -> Path:
        return self.snapshots / (checked("snapshot", snapshot_id) + _SUFFIX)

    def _backup(self, backup_id: str) -> Path:
        return self.backups / (checked("backup", backup_id) + _SUFFIX)

    def _relative(self, image_id: str) -> str:
        # Relative, so that a restored or moved data folder works.
        return f"../{self.bases.folder.name}/{image_id}"

    def _create_from_snapshot(self, place: Path, size: int, snapshot_id: str) -> None:
        with self.turns.of(f"snapshot {snapshot_id}"):
            source = self._snapshot(snapshot_id)
            header = _header(source, f"snapshot {snapshot_id}")
            _must_fit(f"snapshot {snapshot_id}", header.virtual_size, size)
            with self.owner.growing(place) as part:
                copy_sparsely(source, part)
                if header.virtual_size < size:
                    self.qemu_img.resize(part, size)

    def _own_backing(self, header: qcow2.Header, what: str) -> str | None:
        """The base of the disk. VolumesError if the disk has a backing file that we did not write."""
        if header.backing is None:
            return None
        if header.backing not in {self._relative(image_id) for image_id in self.bases.inventory()}:
            raise VolumesError(f"{what} names a backing file that is not one of this host's bases")
        return header.backing

    def _used_bases(self) -> set[str]:
        # Snapshots are read twice, because a disk may move from one folder to the other meanwhile.
        folders = [self.snapshots, self.volumes, self.snapshots]
        disks = [disk for folder in folders for disk in folder.iterdir()]
        return bases_of([*disks, *(self.guests.glob("*/*") if self.guests.is_dir() else ())])


def copy_sparsely(source: Path, to: Path) -> None:
    """The bytes of `source` into the existing file `to`, sharing blocks where the file system can; VolumesError."""
    try:
        processes.run(
            ["cp", "--reflink=auto", "--sparse=always", "--", str(source), str(to)],
            within=60 + source.stat().st_size // _COPIED_A_SECOND,
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )
    except CommandFailed as error:
        raise VolumesError(explain(error)) from error


def _hand_over(made: Path, target: Path) -> None:
    """Move complete bytes into the image store, which may be on another disk. Nobody may write to them any more."""
    seal(made)
    try:
        made.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        part = target.with_name(target.name + UNFINISHED)
        part.unlink(missing_ok=True)
        # Through its handle: the folder belongs to the control plane, which may put something else at this name.
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            copy_sparsely(made, Path(f"/proc/{os.getpid()}/fd/{handle}"))
            os.fchmod(handle, 0o444)
            os.fsync(handle)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
            remove(made)
    durable.sync_folder(target.parent)
    durable.sync_folder(made.parent)


def _copy_at_rest(source: Path, to: Path, what: str) -> None:
    """As `copy_sparsely`, at one instant. Busy if the disk was written meanwhile, for example by a guest that was just
    starting."""
    before = source.stat().st_mtime_ns
    copy_sparsely(source, to)
    if source.stat().st_mtime_ns != before:
        raise Busy(f"{what} was written to while it was being copied")


def _header(place: Path, what: str) -> qcow2.Header:
    try:
        return qcow2.read(place)
    except FileNotFoundError as error:
        raise VolumesError(f"{what} is not on this host") from error
    except (OSError, qcow2.NotQcow2) as error:
        raise VolumesError(f"{what} cannot be read: {error}") from error


def _must_fit(what: str, has: int, size: int) -> None:
    if has > size:
        raise VolumesError(f"{what} has {has} bytes, more than the volume's {size // GIB} GiB")


def _refuse_if_open(place: Path, what: str) -> None:
    """VolumesError if an unknown QEMU has the disk open, because a second writer would destroy it."""
    handle = os.open(place, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _LOCKS_START, _LOCKS_LENGTH, 0)
        kind, *_ = _FLOCK.unpack(fcntl.fcntl(handle, fcntl.F_OFD_GETLK, asked))
    finally:
        os.close(handle)
    if kind != fcntl.F_UNLCK:
        raise VolumesError(f"{what} is open in a process that the host does not know of")


def _sizes(folder: Path) -> dict[str, int]:
    found = {}
    for stem in _stems(folder):
        with contextlib.suppress(OSError, qcow2.NotQcow2):
            found[stem] = qcow2.read(folder / f"{stem}{_SUFFIX}").virtual_size
    return found


def _stems(folder: Path) -> list[str]:
    return sorted(entry.name.removesuffix(_SUFFIX) for entry in os.scandir(folder) if entry.name.endswith(_SUFFIX))
