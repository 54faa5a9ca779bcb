"""What the image service asks of the place where images' bytes lie; the streams process calls it, without root."""

from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from kumoi.kernel.errors import EngineRefused


class ImagesError(EngineRefused):
    """The bytes could not be kept or found; the text is for the person who asked."""


class ImageRefused(Exception):
    """The bytes are not what they say, or not safe to open; the text is for the person who sent them."""


class Stored(msgspec.Struct, frozen=True):
    """What the image API shows of bytes that arrived whole."""

    size: int
    """Bytes."""
    checksum: str
    """MD5, hexadecimal: what the image API promises, not a protection."""
    os_hash_algo: str
    """`sha512`."""
    os_hash_value: str
    virtual_size: int | None
    """Bytes of the disk inside; None where the content is no disk (kernels, ramdisks, unchecked content)."""
    detected_format: str
    """What the bytes are, in the API's words for disk_format; unstructured bytes are `raw`."""


class Writer(Protocol):
    """One upload. After any error the bytes are gone; `abort` after `finish` or `abort` does nothing."""

    def write(self, data: bytes) -> None:
        """ImageRefused as soon as the content shows what it is not; ImagesError when the disk is full."""

    def finish(self) -> Stored:
        """The image is whole and durable when this returns; ImageRefused, ImagesError."""

    def abort(self) -> None: ...


class ImageStore(Protocol):
    """An image is there whole or not at all, also after a power cut."""

    def begin(self, image_id: str, disk_format: str | None) -> Writer:
        """Start to take an image's bytes, in place of older ones at `finish`. `disk_format`: what they must be,
        in the API's words; None: anything (a container that is no bare disk). ImagesError while another upload
        of the same image runs; ImageRefused when no check for that format exists."""

    def open(self, image_id: str) -> BinaryIO:
        """The bytes, to be closed by the caller, who keeps them also when the image is deleted meanwhile;
        ImagesError when there are none."""

    def path(self, image_id: str) -> Path:
        """Where the bytes lie, for handing to a web server; ImagesError when there are none."""

    def delete(self, image_id: str) -> None:
        """Also when there are none. A running upload of it ends with ImagesError."""

    def inventory(self) -> list[str]:
        """The ids of all images whose bytes lie here whole."""
