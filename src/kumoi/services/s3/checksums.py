"""Checksums that clients send with a body: MD5, and those of the headers and trailers `x-amz-checksum-*`."""

import base64
import binascii
import functools
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import anycrc

from kumoi.services.s3.errors import S3Error, invalid

PREFIX = "x-amz-checksum-"
TYPE, ALGORITHM = f"{PREFIX}type", f"{PREFIX}algorithm"
WHOLE, COMPOSITE = "FULL_OBJECT", "COMPOSITE"
"""Types of a checksum of an upload in parts: of its bytes, or of the checksums of its parts."""
_NOT_VALUES = (ALGORITHM, f"{PREFIX}mode", TYPE)
_CYCLIC = {"crc32": ("CRC32", 4), "crc32c": ("CRC32-ISCSI", 4), "crc64nvme": ("CRC64-NVME", 8)}
"""Name → anycrc's name, and bytes."""
ALGORITHMS = (*_CYCLIC, "sha1", "sha256")
HEADERS = tuple(f"{PREFIX}{each}" for each in ALGORITHMS)


@functools.cache
def _model(name: str) -> Any:
    return anycrc.Model(_CYCLIC[name][0])


class _Cyclic:
    def __init__(self, name: str) -> None:
        self._calculate, self._size, self._value = _model(name).calc, _CYCLIC[name][1], 0
        if name == "crc32":
            self._calculate = zlib.crc32

    def update(self, data: bytes) -> None:
        self._value = self._calculate(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


def _new(header: str) -> Any:
    name = header.removeprefix(PREFIX)
    if name in _CYCLIC:
        return _Cyclic(name)
    if name in ALGORITHMS:
        return hashlib.new(name, usedforsecurity=False)
    raise invalid(header[:100], f"there is no such checksum; there are {', '.join(HEADERS)}.")


class Sums:
    """Checks the checksums of one body while it arrives."""

    def __init__(self, headers: Mapping[str, str], also: Iterable[str] = ()) -> None:
        """`also`: headers of checksums that are wanted besides, whether or not the client sent them."""
        named = [name for name in headers if name.startswith(PREFIX) and name not in _NOT_VALUES]
        trailing = [each.strip().lower() for each in headers.get("x-amz-trailer", "").split(",") if each.strip()]
        self.wanted = {name: headers[name] for name in named}
        every = dict.fromkeys((*named, *trailing, *also))
        self._sums = {name: _new(name) for name in every if name.startswith(PREFIX)}
        self._also = frozenset(also)
        self._md5 = hashlib.md5(usedforsecurity=False) if "content-md5" in headers else None
        self._wanted_md5 = _decoded("Content-MD5", headers.get("content-md5", ""), 16) if self._md5 else b""

    def update(self, data: bytes) -> None:
        for each in self._sums.values():
            each.update(data)
        if self._md5:
            self._md5.update(data)

    def check(self) -> dict[str, str]:
        """Header → checksum, of those that the client sent or that are wanted besides."""
        if self._md5 and self._md5.digest() != self._wanted_md5:
            raise S3Error(400, "BadDigest", "Content-MD5: the bytes that came have another MD5.")
        found = {name: _text(each.digest()) for name, each in self._sums.items()}
        for name, value in found.items():
            if name in self.wanted and self.wanted[name].strip() != value:
                raise S3Error(400, "BadDigest", f"{name}: the bytes that came have {value}.")
        return {name: value for name, value in found.items() if name in self.wanted or name in self._also}


def header_of(algorithm: str) -> str:
    """S3Error if there is no such algorithm."""
    header = f"{PREFIX}{algorithm.lower()}"
    if header not in HEADERS:
        raise invalid(
            ALGORITHM, f"there is no algorithm {algorithm[:40]!r}; there are {', '.join(ALGORITHMS).upper()}."
        )
    return header


def name_of(header: str) -> str:
    return header.removeprefix(PREFIX).upper()


def type_of(header: str, wanted: str | None) -> str:
    """How the checksums of parts become one; S3Error if this checksum cannot be joined so."""
    name = header.removeprefix(PREFIX)
    kinds = [WHOLE] if name == "crc64nvme" else [COMPOSITE, WHOLE] if name in _CYCLIC else [COMPOSITE]
    if wanted is not None and wanted not in kinds:
        raise invalid(TYPE, f"with {name.upper()} it is {' or '.join(kinds)}.")
    return wanted or kinds[0]


def joined(header: str, kind: str, parts: Iterable[tuple[str, int]]) -> str:
    """The checksum of an object from those of its parts: (checksum, bytes) of each."""
    name, every = header.removeprefix(PREFIX), list(parts)
    digests = [base64.b64decode(text) for text, _ in every]
    if kind == COMPOSITE:
        whole = _new(header)
        whole.update(b"".join(digests))
        return f"{_text(whole.digest())}-{len(every)}"
    combine, (_, size), value = _model(name).combine, _CYCLIC[name], 0
    for digest, (_, length) in zip(digests, every, strict=True):
        value = combine(value, int.from_bytes(digest, "big"), length)
    return _text(value.to_bytes(size, "big"))


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _decoded(header: str, text: str, size: int) -> bytes:
    try:
        found = base64.b64decode(text.strip(), validate=True)
    except (ValueError, binascii.Error):
        found = b""
    if len(found) != size:
        raise S3Error(400, "InvalidDigest", f"{header}: {text[:80]!r} is not Base64 of {size} bytes.")
    return found
