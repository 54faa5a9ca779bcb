"""Checksums that clients send with a body: MD5, and those of the headers and trailers `x-amz-checksum-*`."""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

from kumoi.services.s3.errors import S3Error, absent, invalid

PREFIX = "x-amz-checksum-"
_NOT_VALUES = ("x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-checksum-type")
_ABSENT = ("x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme")
"""Python has no fast implementation of them."""


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


def _new(name: str) -> Any:
    if name in _ABSENT:
        raise absent(f"The checksum {name}")
    if name == f"{PREFIX}crc32":
        return _Crc32()
    if name in (f"{PREFIX}sha1", f"{PREFIX}sha256"):
        return hashlib.new(name[len(PREFIX) :], usedforsecurity=False)
    raise invalid(name[:100], "there is no such checksum.")


class Sums:
    """Checks the checksums of one body while it arrives."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        named = [name for name in headers if name.startswith(PREFIX) and name not in _NOT_VALUES]
        trailing = [each.strip().lower() for each in headers.get("x-amz-trailer", "").split(",") if each.strip()]
        self.wanted = {name: headers[name] for name in named}
        self._sums = {name: _new(name) for name in dict.fromkeys((*named, *trailing)) if name.startswith(PREFIX)}
        self._md5 = hashlib.md5(usedforsecurity=False) if "content-md5" in headers else None
        self._wanted_md5 = _decoded("Content-MD5", headers.get("content-md5", ""), 16) if self._md5 else b""

    def update(self, data: bytes) -> None:
        for each in self._sums.values():
            each.update(data)
        if self._md5:
            self._md5.update(data)

    def check(self) -> dict[str, str]:
        """Header → checksum, of those that the client sent."""
        if self._md5 and self._md5.digest() != self._wanted_md5:
            raise S3Error(400, "BadDigest", "Content-MD5: the bytes that came have another MD5.")
        found = {name: base64.b64encode(each.digest()).decode() for name, each in self._sums.items()}
        for name, value in found.items():
            if name in self.wanted and self.wanted[name].strip() != value:
                raise S3Error(400, "BadDigest", f"{name}: the bytes that came have {value}.")
        return {name: value for name, value in found.items() if name in self.wanted}


def _decoded(header: str, text: str, size: int) -> bytes:
    try:
        found = base64.b64decode(text.strip(), validate=True)
    except (ValueError, binascii.Error):
        found = b""
    if len(found) != size:
        raise S3Error(400, "InvalidDigest", f"{header}: {text[:80]!r} is not Base64 of {size} bytes.")
    return found
