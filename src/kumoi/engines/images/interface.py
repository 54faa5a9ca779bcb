"""The store of images' bytes. The streams process calls it, without root."""

from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from kumoi.kernel.errors import EngineRefused


class ImagesError(EngineRefused):
    """The bytes could not be stored or found. The text is for the person who made the request."""


class UploadRunning(ImagesError):
    """Another upload of the image has not ended."""


class ImageRefused(Exception):
    """The bytes do not match their declared format, or are unsafe to open. The text is for the sender."""


class Stored(msgspec.Struct, frozen=True):
    """What the image API shows about a complete upload."""

    size: int
    """Bytes."""
    checksum: str
    """MD5, hexadecimal, as in the image API. It is no protection against attacks."""
    os_hash_algo: str
    """`sha512`, or what the settings say."""
    os_hash_value: str
    virtual_size: int | None
    """Bytes of the virtual disk; None if the content is not a disk (kernels, ramdisks, unchecked content)."""
    detected_format: str
    """The detected format, as a disk_format of the API; `raw` for unstructured bytes."""


class Writer(Protocol):
    """One upload. After any error the bytes are gone; `abort` after `finish` or `abort` does nothing."""

    def write(self, data: bytes) -> None:
        """ImageRefused as soon as the content contradicts the declared format; ImagesError if the disk is full."""

    def finish(self) -> Stored:
        """Complete the upload: the image is whole and durable when this returns. ImageRefused, ImagesError."""

    def abort(self) -> None: ...


class ImageStore(Protocol):
    """An image exists as a whole or not at all, also after a power cut."""

    def begin(self, image_id: str, disk_format: str | None) -> Writer:
        """Start an upload, which replaces older bytes at `finish`. `disk_format`: the required format, a disk_format of
        the API; None: any (a container that is not a bare disk). UploadRunning while another upload of the same image
        runs; ImageRefused if there is no check for that format."""

    def open(self, image_id: str) -> BinaryIO:
        """The bytes. The caller closes the file, and keeps the bytes even if the image is deleted meanwhile.
        ImagesError if there are none."""

    def path(self, image_id: str) -> Path:
        """The path of the bytes, for a web server; ImagesError if there are none, or they are no file."""

    def adopt(self, image_id: str, file: Path) -> bool:
        """Share the bytes of a durable file that never changes, as those of an image without bytes. False: they must be
        copied."""

    def delete(self, image_id: str) -> None:
        """Succeeds also if there are no bytes. A running upload of the image ends with ImagesError."""

    def inventory(self) -> list[str]:
        """The ids of all images whose bytes are complete."""
