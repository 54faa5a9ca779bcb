"""Large objects: a manifest (SLO) or a prefix (DLO) whose segments are read as one."""

import base64
import binascii
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec
from msgspec import Meta

from kumoi.engines.objects.interface import Container, Object, Page, Reading
from kumoi.kernel.errors import BadRequest, Conflict, Forbidden, NotFound, Unauthorized
from kumoi.kernel.who import Who
from kumoi.services.object_store import asked, limits
from kumoi.services.object_store.access import READ
from kumoi.services.object_store.containers import logic as containers
from kumoi.services.object_store.objects import logic

STATIC, DYNAMIC = "x-static-large-object", "x-object-manifest"
SIZE, ETAG, COUNT = logic.SLO_SIZE, logic.SLO_ETAG, "sysmeta-slo-count"
"""Kept with a manifest, and not shown."""
MOST_SEGMENTS = 1000
MOST_NESTED = 20_000
"""Segments of a manifest with those of the manifests that it names: all of them are looked up for each download."""
MOST_MANIFEST = 8 << 20
DEEPEST = 10


class Wanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A segment as clients name it."""

    path: str | None = None
    etag: str | None = None
    size_bytes: Annotated[int, Meta(ge=0)] | None = None
    range: str | None = None
    data: str | None = None


class Segment(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A segment as it is kept and shown."""

    name: str = ""
    bytes: int = 0
    hash: str = ""
    content_type: str = ""
    last_modified: str = ""
    range: str = ""
    sub_slo: bool = False
    data: str = ""


@dataclass(frozen=True)
class Piece:
    """Bytes [first, behind) of an object, or of `data`."""

    first: int
    behind: int
    where: Container | None = None
    object: Object | None = None
    data: bytes = b""

    @property
    def size(self) -> int:
        return self.behind - self.first


def is_manifest(found: Object) -> bool:
    return STATIC in found.metadata or DYNAMIC in found.metadata


def read_manifest(raw: bytes) -> list[Wanted]:
    try:
        wanted = msgspec.json.decode(raw, type=list[Wanted])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadRequest(f"The manifest cannot be read: {error}") from None
    if not 0 < len(wanted) <= MOST_SEGMENTS:
        raise BadRequest(f"The manifest has {len(wanted)} segments; from 1 to {MOST_SEGMENTS} are taken.")
    return wanted


def checked(tx: Reading, who: Who, account: str, wanted: list[Wanted]) -> tuple[list[Segment], dict[str, str]]:
    """(segments, metadata that is kept and not shown) of a manifest whose segments are there; BadRequest naming each that
    is not as it should be."""
    kept, problems, etags, size, count = [], [], hashlib.md5(usedforsecurity=False), 0, 0
    for number, each in enumerate(wanted):
        try:
            segment, within = _checked(tx, who, account, each)
        except BadRequest as problem:
            problems.append(f"segment {number}: {problem.message}")
            continue
        kept.append(segment)
        size += _length(segment)
        count += 1 + within
        etags.update((f"{segment.hash}:{segment.range};" if segment.range else segment.hash).encode())
    if problems:
        raise BadRequest("; ".join(problems[:20]))
    if count > MOST_NESTED:
        raise BadRequest(
            f"The manifest has {count} segments with those of its manifests; at most {MOST_NESTED} are taken."
        )
    return kept, {SIZE: str(size), ETAG: etags.hexdigest(), COUNT: str(count)}


def _checked(tx: Reading, who: Who, account: str, wanted: Wanted) -> tuple[Segment, int]:
    """The segment, and how many are within it."""
    if wanted.data is not None:
        try:
            data = base64.b64decode(wanted.data, validate=True)
        except (ValueError, binascii.Error):
            raise BadRequest("data is not Base64") from None
        if wanted.path is not None or not data:
            raise BadRequest("data stands alone, and is not empty")
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return Segment(bytes=len(data), hash=digest, data=wanted.data), 0
    container, slash, name = (wanted.path or "").lstrip("/").partition("/")
    if not (container and slash and name):
        raise BadRequest("path is not of the form /container/object")
    try:
        _, found, _, _ = logic.followed(tx, who, account, container, name, {})
    except (NotFound, Forbidden, Conflict) as error:
        raise BadRequest(f"{wanted.path}: {error.status} {error.title}") from None
    size, etag = size_of(found), found.metadata.get(ETAG, found.etag)
    if wanted.etag is not None and wanted.etag.strip('"') != etag:
        raise BadRequest(f"{wanted.path}: Etag Mismatch")
    if wanted.size_bytes is not None and wanted.size_bytes != size:
        raise BadRequest(f"{wanted.path}: Size Mismatch")
    segment = Segment(
        name=f"/{container}/{name}", bytes=size, hash=etag, content_type=found.content_type,
        last_modified=asked.iso(found.at), sub_slo=STATIC in found.metadata,
    )  # fmt: skip
    if wanted.range:
        first, behind = _range(wanted.range, size)
        segment.range = f"{first}-{behind - 1}"
    if not _length(segment):
        raise BadRequest(f"{wanted.path}: Too Small; each segment must be at least 1 byte.")
    return segment, int(found.metadata.get(COUNT, MOST_SEGMENTS)) if segment.sub_slo else 0


def _range(text: str, size: int) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if not dash or any(part and not limits.is_number(part) for part in (first, last)) or not (first or last):
        raise BadRequest(f"range {text[:40]!r} is none")
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise BadRequest(f"range {text[:40]!r} is Unsatisfiable")
    return start, end


def _length(segment: Segment) -> int:
    if segment.range:
        first, behind = _range(segment.range, segment.bytes)
        return behind - first
    return segment.bytes


def about(raw: bytes) -> dict[str, str]:
    """What is kept with a manifest that another cloud sends, whose segments may come later; BadRequest if it is none."""
    etags, size, count = hashlib.md5(usedforsecurity=False), 0, 0
    try:
        kept = parse(raw)
        for each in kept:
            size += _length(each)
            count += MOST_SEGMENTS if each.sub_slo else 1
            etags.update((f"{each.hash}:{each.range};" if each.range else each.hash).encode())
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadRequest(f"The manifest cannot be read: {error}") from None
    return {SIZE: str(size), ETAG: etags.hexdigest(), COUNT: str(count)}


def size_of(found: Object) -> int:
    """Bytes that a client gets of it."""
    return int(found.metadata.get(SIZE, found.size))


def parse(raw: bytes) -> list[Segment]:
    return msgspec.json.decode(raw, type=list[Segment])


def dynamic(tx: Reading, who: Who, account: str, found: Object, headers: Mapping[str, str]) -> Iterator[Piece]:
    container, _, prefix = unquote(found.metadata[DYNAMIC]).partition("/")
    place = containers.open_to(tx, who, account, container, headers, READ)
    for listed in tx.objects(place, Page(limit=limits.LONGEST_LISTING, prefix=prefix)):
        segment = logic.standing(tx, place, listed.name)
        if segment is not None:
            yield Piece(0, segment.size, place, segment)


def static(
    tx: Reading, who: Who, account: str, raw: bytes, headers: Mapping[str, str], depth: int = 0,
    looked_up: "itertools.count[int] | None" = None,
) -> Iterator[Piece]:  # fmt: skip
    """`headers`: those of the request, whose referrer may be let in. Conflict when a segment is another than the
    manifest says."""
    looked_up = looked_up or itertools.count()
    if depth >= DEEPEST:
        raise Conflict("The manifests are nested too deeply.")
    for segment in parse(raw):
        # Counted again, because an object can become a manifest with the same ETag.
        if next(looked_up) >= MOST_NESTED:
            raise Conflict(f"The manifests have more than {MOST_NESTED} segments.")
        if segment.data:
            data = base64.b64decode(segment.data)
            yield Piece(0, len(data), data=data)
            continue
        container, _, name = segment.name.lstrip("/").partition("/")
        try:
            place, found, _, _ = logic.followed(tx, who, account, container, name, headers)
        except NotFound:
            raise Conflict(f"The segment {segment.name} is gone.") from None
        except (Forbidden, Unauthorized):
            raise Conflict(f"The segment {segment.name} may not be read.") from None
        if found.metadata.get(ETAG, found.etag) != segment.hash:
            raise Conflict(f"The segment {segment.name} was changed.")
        first, behind = _range(segment.range, segment.bytes) if segment.range else (0, segment.bytes)
        if STATIC in found.metadata:
            yield from cut(
                list(static(tx, who, account, tx.data(place, found.name), headers, depth + 1, looked_up)), first, behind
            )
        else:
            yield Piece(first, behind, place, found)


def assembled(
    tx: Reading, who: Who, account: str, where: Container, found: Object, headers: Mapping[str, str], raw: bytes | None
) -> tuple[list[Piece], str]:
    """(pieces, ETag) of what a manifest stands for. `raw`: its own bytes."""
    if DYNAMIC in found.metadata:
        pieces = list(dynamic(tx, who, account, found, headers))
        etags = "".join(piece.object.etag for piece in pieces if piece.object)
        return pieces, hashlib.md5(etags.encode(), usedforsecurity=False).hexdigest()
    assert raw is not None
    return list(static(tx, who, account, raw, headers)), found.metadata[ETAG]


def cut(pieces: list[Piece], first: int, behind: int) -> Iterator[Piece]:
    """Bytes [first, behind) of all pieces in a row."""
    position = 0
    for piece in pieces:
        begin, end = max(first, position), min(behind, position + piece.size)
        if begin < end:
            start = piece.first + begin - position
            yield Piece(start, start + end - begin, piece.where, piece.object, piece.data)
        position += piece.size


def shown(raw: bytes) -> list[dict[str, Any]]:
    """The manifest as `multipart-manifest=get` shows it."""
    return [{"data": each.data} if each.data else msgspec.to_builtins(each) for each in parse(raw)]


def part(raw: bytes, text: str) -> tuple[int, tuple[int, int] | None]:
    """(number of a manifest's segments, the bytes of the one with this number); None: there is none."""
    if not limits.is_number(text) or not int(text):
        raise BadRequest("Part number must be an integer greater than 0")
    lengths = [len(base64.b64decode(each.data)) if each.data else _length(each) for each in parse(raw)]
    number = int(text)
    if number > len(lengths):
        return len(lengths), None
    first = sum(lengths[: number - 1])
    return len(lengths), (first, first + lengths[number - 1])


def as_put(raw: bytes) -> list[dict[str, Any]]:
    """The same in the form in which it was PUT."""
    return [
        {"data": each.data} if each.data else {
            "path": each.name, "etag": each.hash, "size_bytes": each.bytes, **({"range": each.range} if each.range else {})
        }
        for each in parse(raw)
    ]  # fmt: skip
