"""Parses the header of a qcow2 file without QEMU's code, so that a hostile header can do no harm."""

import os
import struct
import sys
from array import array
from pathlib import Path
from typing import BinaryIO

import msgspec

MAGIC = b"QFI\xfb"
_FIXED = struct.Struct(">4sIQIIQIIQQIIQ")
_FEATURES = struct.Struct(">QQQII")
_EXTENSION = struct.Struct(">II")
_BACKING_FORMAT = 0xE2792ACA
_DIRTY, _CORRUPT, _DATA_FILE, _COMPRESSION = 1, 2, 4, 8
_LONGEST_BACKING = 1023
_READ = 64 * 1024


class NotQcow2(Exception):
    """The bytes are not a valid qcow2. The text says why."""


class Header(msgspec.Struct, frozen=True):
    virtual_size: int
    """Bytes."""
    cluster_bits: int
    backing: str | None
    backing_format: str | None
    encrypted: bool
    incompatible: int
    """The feature bits that a reader must support; 0 for version 2."""
    tables_end: int
    """Bytes: the minimum length of a file that contains its first-level tables."""
    l1_offset: int
    l1_entries: int


def parse(head: bytes) -> Header:
    """The header in `head`, the first 64 KiB of a file (or the whole shorter file). Raises NotQcow2."""
    if not head.startswith(MAGIC):
        raise NotQcow2("it does not start as qcow2 does")
    if len(head) < _FIXED.size:
        raise NotQcow2("its header is cut short")
    (
        _,
        version,
        backing_offset,
        backing_length,
        cluster_bits,
        virtual_size,
        encryption,
        l1_entries,
        l1_offset,
        refcount_offset,
        refcount_clusters,
        _,
        _,
    ) = _FIXED.unpack_from(head)
    incompatible, length = 0, _FIXED.size
    if version == 3:
        if len(head) < _FIXED.size + _FEATURES.size:
            raise NotQcow2("its header is cut short")
        incompatible, _, _, _, length = _FEATURES.unpack_from(head, _FIXED.size)
    elif version != 2:
        raise NotQcow2(f"its qcow2 version is {version}; 2 and 3 are known")
    if not 9 <= cluster_bits <= 21:
        raise NotQcow2(f"its cluster size of 2^{cluster_bits} bytes is none")
    cluster = 1 << cluster_bits
    backing: str | None = None
    if backing_offset:
        if backing_length > _LONGEST_BACKING or backing_offset + backing_length > min(cluster, len(head)):
            raise NotQcow2("its backing file's name is outside the header")
        backing = head[backing_offset : backing_offset + backing_length].decode("utf-8", "replace")
    return Header(
        virtual_size=virtual_size,
        cluster_bits=cluster_bits,
        backing=backing,
        backing_format=_backing_format(head[:cluster], length),
        encrypted=encryption != 0,
        incompatible=incompatible,
        tables_end=max(l1_offset + 8 * l1_entries, refcount_offset + refcount_clusters * cluster),
        l1_offset=l1_offset,
        l1_entries=l1_entries,
    )


def empty(virtual_size: int) -> bytes:
    """A complete qcow2 (version 2) without any data: header, first-level table, and the counts of its own clusters."""
    bits = 16
    cluster = 1 << bits
    entries = -(-virtual_size // (cluster * (cluster // 8)))
    table_clusters = max(1, -(-8 * entries // cluster))
    used = 3 + table_clusters
    header = _FIXED.pack(
        MAGIC, 2, 0, 0, bits, virtual_size, 0, entries, 3 * cluster, cluster, 1, 0, 0
    )  # fmt: skip
    counts = struct.pack(">H", 1) * used
    table = struct.pack(">Q", 2 * cluster)
    return b"".join(part.ljust(cluster, b"\0") for part in (header, table, counts)) + bytes(table_clusters * cluster)


def read(path: Path) -> Header:
    """The header of the file at `path`. Raises NotQcow2, or OSError (also for a symbolic link)."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return parse(os.pread(handle, _READ, 0))
    finally:
        os.close(handle)


def refusal(header: Header, size: int) -> str | None:
    """Why a file from a stranger with this header and `size` bytes must be refused; None: it is safe."""
    if header.backing is not None:
        return "it names a backing file"
    if header.incompatible & _DATA_FILE:
        return "it names an external data file"
    if header.incompatible & _CORRUPT:
        return "it is marked as corrupt"
    if header.incompatible & ~(_DIRTY | _COMPRESSION):
        return "it uses qcow2 features that are not known here"
    if header.encrypted:
        return "it is encrypted"
    if size < header.tables_end:
        return f"it is cut short: {size} bytes do not hold its tables"
    return None


def refusal_of_clusters(file: BinaryIO) -> str | None:
    """Why an image, whose header is valid, lacks clusters of its tables; None: it lacks none of those that were read.
    Each table is read once, and at most MOST_CLUSTERS entries, whatever the file contains."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    header = parse(file.read(_READ))
    cluster = 1 << header.cluster_bits
    needed = -(-header.virtual_size // (cluster * (cluster // 8)))
    count = min(header.l1_entries, needed, MOST_CLUSTERS)
    tables = {entry & _OFFSET for entry in _entries(file, header.l1_offset, count)} - {0}
    farthest = max(tables, default=0) + cluster if tables else 0
    if farthest > size:
        return _cut_short(size, farthest)
    for table in sorted(tables)[: MOST_CLUSTERS // (cluster // 8)]:
        starts = (_start(entry, header.cluster_bits) for entry in _entries(file, table, cluster // 8))
        farthest = max(starts, default=0)
        if farthest >= size:
            return _cut_short(size, farthest)
    return None


MOST_CLUSTERS = 4 << 20
"""256 GiB of clusters of the usual size; a second or two of work."""
_OFFSET = 0x00FF_FFFF_FFFF_FE00
_COMPRESSED = 1 << 62


def _entries(file: BinaryIO, offset: int, count: int) -> "array[int]":
    found = array("Q")
    file.seek(offset)
    data = file.read(count * 8)
    found.frombytes(data[: len(data) // 8 * 8])
    if sys.byteorder == "little":
        found.byteswap()
    return found


def _start(entry: int, cluster_bits: int) -> int:
    """The position of a cluster's bytes in the file; 0: it has none. The file may lack the cluster's last sectors."""
    if entry & _COMPRESSED:
        return entry & ((1 << (62 - (cluster_bits - 8))) - 1)
    return entry & _OFFSET


def _cut_short(size: int, farthest: int) -> str:
    return f"it is cut short: it has {size} bytes, and its tables point to byte {farthest}"


def _backing_format(head: bytes, position: int) -> str | None:
    while position + _EXTENSION.size <= len(head):
        kind, length = _EXTENSION.unpack_from(head, position)
        position += _EXTENSION.size
        if kind == 0:
            return None
        if kind == _BACKING_FORMAT:
            return head[position : position + length].decode("ascii", "replace")
        position += (length + 7) // 8 * 8
    return None
