"""How the bytes of an object leave: few from here, many from their file, which the front sends, and those of large objects
and of objects with headers that the front would lose from the streams."""

import hashlib
from dataclasses import dataclass, field
from urllib.parse import quote

import msgspec

from kumoi.engines.objects.interface import Container, Object
from kumoi.kernel import randomness
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.services.object_store import conditions, limits, signed, stores, synced
from kumoi.services.object_store.asked import JSON, said
from kumoi.services.object_store.crossing import FILES, STREAMS
from kumoi.services.object_store.errors import WrongRange
from kumoi.services.object_store.objects import logic, segments
from kumoi.services.object_store.objects.segments import Piece
from kumoi.services.object_store.versions import logic as versions

CARRIED = frozenset(
    {
        "etag", "last-modified", "x-timestamp", "accept-ranges", "x-delete-at", "cache-control", "content-disposition",
        "expires", "content-encoding", "content-language", "x-robots-tag", "x-object-meta-mtime", "x-object-version-id",
    }
)  # fmt: skip
"""Headers that the front keeps when it sends a file (`front/configuration.py`)."""
_FRONT_WOULD_JUDGE = ("if-match", "if-unmodified-since", "if-range")


@dataclass
class Found:
    """What a request is about. `object` has the size and ETag that the client sees; `pieces` None: its own bytes."""

    where: Container
    object: Object
    data: bytes | None
    """Its own bytes, if they lie beside its name."""
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[Piece] | None = None
    part: tuple[int, int] | None = None
    """The bytes of the part of a large object that was asked for."""
    version: str = ""
    """The id of what was found under the name that was asked for; empty: the container never kept versions."""

    @property
    def place(self) -> str | None:
        return self.object.place if self.pieces is None else None


def look(request: Request, account: str, container: str, name: str, *, bytes_too: bool = True) -> Found:
    by_signature = synced.heed(request, account, container, name) is None and signed.heed(
        request, account, container, name
    )
    who, headers, version = request.who, request.headers, said(request, versions.PARAMETER) or ""
    as_link = request.params.get("symlink") == ["get"]
    raw = request.params.get("multipart-manifest") == ["get"]

    def work(tx: stores.Reading) -> tuple[Found, str, str]:
        if as_link:
            where, object = logic.readable(tx, who, account, container, name, headers, version)
            location, id = "", versions.id_of(object) if where.versioning else ""
        else:
            where, object, location, id = logic.followed(tx, who, account, container, name, headers, version)
        manifest = segments.is_manifest(object) and not raw
        needs_data = object.place is None and (bytes_too or segments.STATIC in object.metadata)
        found = Found(where, object, tx.data(where, object.name, object.version) if needs_data else None)
        if manifest:
            # A person whom a list lets read the manifest must be let read the segments; a signature is the account's.
            found.pieces, etag = segments.assembled(tx, who, where.account, where, object, headers, found.data)
            if segments.STATIC in object.metadata:
                found.headers["X-Manifest-Etag"] = object.etag
            found.object.size, found.object.etag = sum(piece.size for piece in found.pieces), f'"{etag}"'
        return found, location, id

    found, location, id = stores.look(request, work)
    found.headers |= logic.headers_of(found.object)
    if id or version == versions.NULL:
        found.headers[versions.HEADER] = id or version
    if found.pieces is not None:
        found.headers["ETag"] = found.object.etag
        found.object.etag = found.object.etag.strip('"')
        _choose_part(request, found)
    if location:
        found.headers["Content-Location"] = quote(f"{request.service.prefix}{location}")
    if by_signature:
        found.headers = signed.disposition(request, name, found.headers)
    return found


def _choose_part(request: Request, found: Found) -> None:
    """Of a static large object, by `part-number`."""
    number = said(request, "part-number")
    if number is None or segments.STATIC not in found.object.metadata or found.data is None:
        return
    count, found.part = segments.part(found.data, number)
    size = found.object.size
    found.headers["X-Parts-Count"] = str(count)
    if found.part is None:
        raise WrongRange(size, "The requested part number is not satisfiable", found.headers)
    found.headers["Content-Range"] = f"bytes {found.part[0]}-{found.part[1] - 1}/{size}"


def head(request: Request, account: str, container: str, name: str) -> Reply:
    found = look(request, account, container, name, bytes_too=False)
    if conditions.unchanged(request.headers, found.object):
        return Reply(raw=b"", status=304, headers=found.headers)
    if segments.STATIC in found.object.metadata and found.pieces is None and found.data is not None:
        shown = _manifest(request, found)
        return Reply(
            raw=b"",
            headers={**shown.headers, "Content-Length": str(len(shown.raw or b""))},
            content_type=shown.content_type,
        )
    first, behind = found.part or (0, found.object.size)
    headers = {**found.headers, "Content-Length": str(behind - first)}
    status = 206 if found.part else None
    return Reply(raw=b"", status=status, headers=headers, content_type=limits.encoded(found.object.content_type))


def get(request: Request, account: str, container: str, name: str) -> Reply:
    return give(request, look(request, account, container, name))


def give(request: Request, found: Found) -> Reply:
    if conditions.unchanged(request.headers, found.object):
        return Reply(raw=b"", status=304, headers=found.headers)
    content_type = limits.encoded(found.object.content_type)
    if found.pieces is not None or found.place is not None:
        odd = found.pieces is not None or any(header in request.headers for header in _FRONT_WOULD_JUDGE)
        odd = odd or not CARRIED.issuperset(map(str.lower, found.headers))
        below = None if odd else stores.of(request).sent_from(str(found.place))
        file = STREAMS if below is None else f"{FILES}{below}"
        # The front itself says that it takes ranges.
        headers = {key: value for key, value in found.headers.items() if key != "Accept-Ranges"}
        return Reply(file=file, headers=headers, content_type=content_type)
    assert found.data is not None
    if segments.STATIC in found.object.metadata:
        return _manifest(request, found)
    wanted = conditions.ranges(request.headers, found.object)
    headers, data, size = found.headers, found.data, found.object.size
    if not wanted:
        return Reply(raw=data, headers=headers, content_type=content_type)
    if len(wanted) == 1:
        first, behind = wanted[0]
        headers["Content-Range"] = f"bytes {first}-{behind - 1}/{size}"
        return Reply(raw=data[first:behind], status=206, headers=headers, content_type=content_type)
    parts = Parts(content_type, size, wanted)
    body = b"".join(head + data[first:behind] for head, (first, behind) in zip(parts.heads, wanted, strict=True))
    return Reply(raw=body + parts.end, status=206, headers=headers, content_type=parts.content_type)


def _manifest(request: Request, found: Found) -> Reply:
    assert found.data is not None
    as_put = request.params.get("format") == ["raw"]
    raw = msgspec.json.encode(segments.as_put(found.data) if as_put else segments.shown(found.data))
    kind = limits.encoded(found.object.content_type) if as_put else f"{JSON}; charset=utf-8"
    headers = {**found.headers, "ETag": hashlib.md5(raw, usedforsecurity=False).hexdigest()}
    return Reply(raw=raw, headers=headers, content_type=kind)


class Parts:
    """The frame of several ranges in one answer."""

    def __init__(self, content_type: str, size: int, wanted: list[tuple[int, int]]) -> None:
        boundary = randomness.new_hex()
        self.content_type = f"multipart/byteranges;boundary={boundary}"
        begin = f"--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: bytes "
        self.heads = [f"{begin}{first}-{behind - 1}/{size}\r\n\r\n".encode("latin-1") for first, behind in wanted]
        self.heads[1:] = [b"\r\n" + head for head in self.heads[1:]]
        self.end = f"\r\n--{boundary}--".encode()
        self.size = sum(map(len, self.heads)) + sum(behind - first for first, behind in wanted) + len(self.end)
