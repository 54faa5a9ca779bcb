"""The parts of which an object was made: stored with it, so that each can be read alone."""

import itertools
from typing import Any

import msgspec

from kumoi.engines.objects.interface import Object
from kumoi.services.object_store import facade as object_store
from kumoi.services.s3.checksums import name_of
from kumoi.services.s3.errors import S3Error

STORED = f"{object_store.HIDDEN}s3-parts"
"""The name under which an object stores them."""


class Parts(msgspec.Struct, array_like=True):
    runs: list[tuple[int, int]]
    """(bytes, how many parts in a row have as many)."""
    header: str = ""
    """Of their checksums; empty: none."""
    sums: list[str] = []

    @property
    def sizes(self) -> list[int]:
        return [size for size, count in self.runs for _ in range(count)]

    def range_of(self, number: int) -> tuple[int, int]:
        """(first, end) of the bytes of a part, counted from 1."""
        sizes = self.sizes
        if not 1 <= number <= len(sizes):
            raise _no_part(number)
        first = sum(sizes[: number - 1])
        return first, first + sizes[number - 1]

    def sum_of(self, number: int) -> dict[str, str]:
        return {self.header: self.sums[number - 1]} if self.header else {}


_decode = msgspec.json.Decoder(Parts).decode


def text(sizes: list[int], header: str, sums: list[str]) -> str:
    """As it is stored."""
    runs = [(size, len(list(each))) for size, each in itertools.groupby(sizes)]
    return msgspec.json.encode(Parts(runs, header, sums)).decode()


def of(there: Object) -> Parts | None:
    """None: it came in one piece."""
    stored = there.metadata.get(STORED)
    return _decode(stored) if stored else None


def range_of(there: Object, number: int) -> tuple[int, int]:
    """An object that came in one piece is its own first part."""
    found = of(there)
    if found is not None:
        return found.range_of(number)
    if number != 1:
        raise _no_part(number)
    return 0, there.size


def _no_part(number: int) -> S3Error:
    return S3Error(400, "InvalidPart", f"partNumber: the object has no part {number}.")


def shown(found: Parts, after: int, most: int) -> dict[str, Any]:
    """The content of ObjectParts in GetObjectAttributes."""
    sizes = found.sizes
    page = range(after + 1, min(len(sizes), after + most) + 1)
    name = element(found.header)
    last = page[-1] if page else after
    return {
        "PartsCount": len(sizes), "PartNumberMarker": after, "NextPartNumberMarker": last if last < len(sizes) else None,
        "MaxParts": most, "IsTruncated": last < len(sizes),
        "Part": [
            {"PartNumber": number, "Size": sizes[number - 1], **({name: found.sums[number - 1]} if name else {})}
            for number in page
        ],
    }  # fmt: skip


def element(header: str) -> str:
    """The name of a checksum in XML; empty for none."""
    return f"Checksum{name_of(header)}" if header else ""
