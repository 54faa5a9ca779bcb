"""Images as files in one folder. An upload is written to a part file, made durable, and renamed."""

import fcntl
import os
import stat
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from kumoi.engines.images import qcow2
from kumoi.engines.images.interface import ImageRefused, ImagesError, Stored, UploadRunning, Writer
from kumoi.engines.images.receiving import Received
from kumoi.kernel import durable

_UNFINISHED = ".part"
_READABLE = 0o444
"""An image is never written again. The folder's mode controls access, so that a hard link can be used by guests."""


class FileImages:
    """The image store on a folder of this machine; implements ImageStore."""

    def __init__(self, folder: Path) -> None:
        """Creates the folder and removes parts that a crash left. Uploads of living processes stay."""
        self.folder = folder
        durable.make_folder(folder, mode=0o700)
        for leftover in folder.glob(f"*{_UNFINISHED}"):
            _remove_unless_locked(leftover)

    def begin(self, image_id: str, disk_format: str | None) -> Writer:
        received = Received(disk_format)
        return FileWriter(self._place(image_id), received)

    def open(self, image_id: str) -> BinaryIO:
        try:
            return self._place(image_id).open("rb")
        except OSError as error:
            raise ImagesError(f"image {image_id} has no data") from error

    def path(self, image_id: str) -> Path:
        place = self._place(image_id)
        if not place.is_file():
            raise ImagesError(f"image {image_id} has no data")
        return place

    def adopt(self, image_id: str, file: Path) -> bool:
        place = self._place(image_id)
        try:
            if stat.S_IMODE(os.stat(file, follow_symlinks=False).st_mode) != _READABLE:
                os.chmod(file, _READABLE)
            os.link(file, place, follow_symlinks=False)
        except FileExistsError:
            return True
        except OSError:
            # Another disk, or a file that a host has made its own.
            return False
        durable.sync_folder(self.folder)
        return True

    def delete(self, image_id: str) -> None:
        place = self._place(image_id)
        place.unlink(missing_ok=True)
        place.with_name(place.name + _UNFINISHED).unlink(missing_ok=True)
        durable.sync_folder(self.folder)

    def inventory(self) -> list[str]:
        return sorted(entry.name for entry in os.scandir(self.folder) if _is_id(entry.name))

    def _place(self, image_id: str) -> Path:
        if not _is_id(image_id):
            raise ImagesError(f"image id {image_id!r} is no UUID")
        return self.folder / image_id


class FileWriter:
    """One upload into a folder; implements Writer. Not thread-safe."""

    def __init__(self, place: Path, received: Received) -> None:
        self._place = place
        self._part = place.with_name(place.name + _UNFINISHED)
        self._received = received
        self._handle = _take(self._part)

    def write(self, data: bytes) -> None:
        self._must_be_open()
        try:
            durable.check_room(self._place.parent)
            self._received.feed(data)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        except OSError as error:
            self.abort()
            raise _explained(error) from error
        except ImageRefused:
            self.abort()
            raise

    def finish(self) -> Stored:
        self._must_be_open()
        try:
            finding = self._received.inspected()
            if self._received.is_qcow2:
                self._check_clusters()
            os.fchmod(self._handle, _READABLE)
            os.fsync(self._handle)
            if os.fstat(self._handle).st_nlink == 0:
                raise ImagesError(f"image {self._place.name} was deleted while its data came")
            self._part.replace(self._place)
            durable.sync_folder(self._place.parent)
        except OSError as error:
            self.abort()
            raise _explained(error) from error
        except (ImageRefused, ImagesError):
            self.abort()
            raise
        self._close()
        return self._received.stored(finding)

    def _check_clusters(self) -> None:
        with open(self._handle, "rb", closefd=False) as file:
            if reason := qcow2.refusal_of_clusters(file):
                raise ImageRefused(f"the qcow2 image is refused: {reason}")

    def abort(self) -> None:
        if self._handle < 0:
            return
        # If the part was deleted, the name may belong to another upload.
        if os.fstat(self._handle).st_nlink:
            self._part.unlink(missing_ok=True)
        self._close()

    def _must_be_open(self) -> None:
        if self._handle < 0:
            raise ImagesError(f"the upload of image {self._place.name} has ended")

    def _close(self) -> None:
        os.close(self._handle)
        self._handle = -1


def _take(part: Path) -> int:
    """An empty file at `part`. It is locked while it is open, so that a second upload and a sweep skip it."""
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _explained(error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The previous upload may have renamed or removed the file between the two calls.
        if os.fstat(handle).st_ino != os.stat(part, follow_symlinks=False).st_ino:
            raise BlockingIOError
        os.ftruncate(handle, 0)
    except (BlockingIOError, FileNotFoundError) as error:
        os.close(handle)
        raise UploadRunning(f"another upload of image {part.stem} is running") from error
    return handle


def _remove_unless_locked(leftover: Path) -> None:
    try:
        handle = os.open(leftover, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        leftover.unlink(missing_ok=True)
    except BlockingIOError:
        pass
    finally:
        os.close(handle)


def _explained(error: OSError) -> ImagesError:
    if durable.is_full(error):
        return ImagesError("the disk that holds the images is full; nothing was kept")
    return ImagesError(f"the image could not be written: {error.strerror}")


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
