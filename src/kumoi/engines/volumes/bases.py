"""Images' disks on this host: hard links to the image store where possible, otherwise converted once."""

import errno
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from kumoi.engines.images import qcow2
from kumoi.engines.images.inspection import Inspection
from kumoi.engines.images.interface import ImageRefused
from kumoi.engines.volumes.interface import Base, VolumesError
from kumoi.engines.volumes.places import UNFINISHED, Owner, checked, remove, sweep
from kumoi.engines.volumes.qemu_img import QemuImg
from kumoi.kernel import durable
from kumoi.kernel.settings import Folder

_RAW = ".raw"
"""Suffix of raw bytes beside a base that is an empty qcow2 on top of them, so that every base is a qcow2."""
_TAKEN_AS_THEY_ARE = frozenset({"raw", "ami", "iso"})
_CONVERTED = {"vmdk": "vmdk", "vhd": "vpc", "vhdx": "vhdx", "vdi": "vdi"}
"""The API's word to qemu's."""
_READABLE = 0o444
_CHUNK = 1 << 20
_SECTOR = 512

Copy = Callable[[Path, Path], None]
"""Brings the bytes of one file into another, existing one; VolumesError."""


class Bases:
    """`<bases>/<image_id>`: a qcow2 that is never written again. It belongs to root if this process runs as root."""

    def __init__(self, folder: Folder, owner: Owner, images: QemuImg, copy: Copy) -> None:
        self.images = folder.images
        self.folder = folder.bases
        self.qemu_img = images
        self.owner = owner
        self.copy = copy
        owner.folder(self.folder)
        sweep(self.folder)
        for bytes_as_they_are in self.folder.glob(f"*{_RAW}"):
            if not bytes_as_they_are.with_suffix("").exists():
                bytes_as_they_are.unlink()

    def place(self, image_id: str) -> Path:
        return self.folder / checked("image", image_id)

    def virtual_size(self, image_id: str) -> int:
        """Bytes; VolumesError when the base was not prepared."""
        try:
            return qcow2.read(self.place(image_id)).virtual_size
        except (OSError, qcow2.NotQcow2) as error:
            raise VolumesError(f"image {image_id} is not prepared on this host") from error

    def prepare(self, image_id: str, disk_format: str) -> Base:
        place = self.place(image_id)
        if not place.exists():
            source = place.with_name(place.name + ".source" + UNFINISHED)
            self._take(image_id, source)
            try:
                if disk_format in _TAKEN_AS_THEY_ARE:
                    self._lay_over_raw(source, place)
                elif disk_format == "qcow2":
                    self._take_qcow2(source, place)
                elif disk_format in _CONVERTED:
                    self._convert(source, place, _CONVERTED[disk_format], _inspected(source, disk_format))
                else:
                    raise VolumesError(f"an image with disk_format {disk_format} holds no disk to start from")
            finally:
                source.unlink(missing_ok=True)
        return Base(image_id, self.virtual_size(image_id))

    def drop(self, image_id: str) -> None:
        place = self.place(image_id)
        remove(place)
        remove(place.with_suffix(_RAW))

    def inventory(self) -> list[str]:
        return sorted(entry.name for entry in os.scandir(self.folder) if "." not in entry.name)

    def _take(self, image_id: str, source: Path) -> None:
        """The image's bytes under a name of our own, so that they stay if the image is deleted."""
        stored = self.images / image_id
        source.unlink(missing_ok=True)
        try:
            os.link(stored, source, follow_symlinks=False)
            self._check(source)
        except FileNotFoundError as error:
            raise VolumesError(f"the data of image {image_id} is not in the image store") from error
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
                raise
            handle = os.open(stored, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise VolumesError(f"the data of image {image_id} is no file") from error
                with self.owner.growing(source) as part:
                    self.copy(Path(f"/proc/{os.getpid()}/fd/{handle}"), part)
            finally:
                os.close(handle)

    def _check(self, source: Path) -> None:
        """Check that the linked file is an upload, because the process that takes uploads may put any file into that
        folder. The check runs on the link, in a folder where nobody else writes. After a VolumesError the link is
        removed."""
        found = os.stat(source, follow_symlinks=False)
        sealed = found.st_uid == 0 and stat.S_IMODE(found.st_mode) == _READABLE
        uploaded = found.st_uid == os.stat(self.images).st_uid
        if not stat.S_ISREG(found.st_mode) or not (sealed or uploaded):
            source.unlink()
            raise VolumesError("the image's data is no file of the image store")

    def _lay_over_raw(self, source: Path, place: Path) -> None:
        size = source.stat().st_size
        if not size:
            raise VolumesError("the image is empty; it holds no disk to start from")
        raw = place.with_suffix(_RAW)
        self._keep(source, raw)
        rounded = -(-size // _SECTOR) * _SECTOR
        with self.owner.growing(place) as part:
            self.qemu_img.create_over_raw(part, rounded, raw.name)
            seal(part)

    def _take_qcow2(self, source: Path, place: Path) -> None:
        try:
            header = qcow2.read(source)
        except qcow2.NotQcow2 as error:
            raise VolumesError(f"the image is no sound qcow2: {error}") from error
        if reason := qcow2.refusal(header, source.stat().st_size):
            raise VolumesError(f"the qcow2 image is refused: {reason}")
        seal(source)
        if self.qemu_img.is_plain(source, source.stat().st_size):
            self._keep(source, place)
        else:
            self._convert(source, place, "qcow2", header.virtual_size)

    def _convert(self, source: Path, place: Path, source_format: str, size: int) -> None:
        seal(source)
        with self.owner.growing(place) as part:
            self.qemu_img.convert(source, source_format, part, size)
            seal(part)

    def _keep(self, source: Path, place: Path) -> None:
        seal(source)
        durable.sync_file(source)
        source.replace(place)
        durable.sync_folder(place.parent)


def bases_of(files: Iterable[Path]) -> set[str]:
    """The image ids that these disks name as their backing file."""
    found = set()
    for file in files:
        try:
            header = qcow2.read(file)
        except (OSError, qcow2.NotQcow2):
            continue
        if header.backing:
            found.add(Path(header.backing).name)
    return found


def _inspected(source: Path, disk_format: str) -> int:
    """The virtual size of content that has the declared format; otherwise VolumesError."""
    try:
        inspection = Inspection(disk_format)
        with source.open("rb") as file:
            while chunk := file.read(_CHUNK):
                inspection.feed(chunk)
        return inspection.finish().virtual_size or 0
    except ImageRefused as error:
        raise VolumesError(str(error)) from error


def seal(file: Path) -> None:
    """Make the file root's, so that neither the process that took the upload nor an escaped guest can change it.
    VolumesError if it is not a regular file."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise VolumesError(f"the image's data cannot be used: {error.strerror}") from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise VolumesError("the image's data is no regular file")
        if os.getuid() != 0:
            os.fchmod(handle, _READABLE)
            return
        os.fchown(handle, 0, 0)
        os.fchmod(handle, _READABLE)
    finally:
        os.close(handle)
