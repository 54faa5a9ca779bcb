"""Sends the bytes of an object: small ones from this process, large ones from their file through the front."""

from kumoi.engines.objects.interface import Container, Object
from kumoi.kernel import randomness
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.services.object_store import limits, stores
from kumoi.services.object_store.objects import conditions, logic

CARRIED = frozenset(
    {
        "etag", "last-modified", "x-timestamp", "accept-ranges", "x-delete-at", "cache-control", "content-disposition",
        "expires", "content-encoding", "content-language", "x-robots-tag", "x-object-meta-mtime",
    }
)  # fmt: skip
"""Headers that the front keeps when it sends a file (`front/configuration.py`)."""
_FRONT_WOULD_JUDGE = ("if-match", "if-unmodified-since", "if-range")
STREAMS = "@object_streams"
"""The location to which the front passes requests that it cannot answer from a file. The streams process answers the
same request."""


def looked_at(
    request: Request, account: str, container: str, name: str
) -> tuple[Container, Object, bytes | None, dict[str, str]]:
    """The object, its bytes if they are stored with its name, and its headers."""

    def work(tx: stores.Reading) -> tuple[Container, Object, bytes | None]:
        place, found = logic.readable(tx, request.who, account, container, name, request.headers)
        return place, found, tx.data(place, name) if found.place is None else None

    place, found, data = stores.look(request, work)
    return place, found, data, logic.headers_of(found)


def head(request: Request, account: str, container: str, name: str) -> Reply:
    _, found = stores.look(
        request, lambda tx: logic.readable(tx, request.who, account, container, name, request.headers)
    )
    headers = logic.headers_of(found)
    if conditions.unchanged(request.headers, found):
        return Reply(raw=b"", status=304, headers=headers)
    return Reply(
        raw=b"", headers={**headers, "Content-Length": str(found.size)}, content_type=limits.encoded(found.content_type)
    )


def get(request: Request, account: str, container: str, name: str) -> Reply:
    _, found, data, headers = looked_at(request, account, container, name)
    if conditions.unchanged(request.headers, found):
        return Reply(raw=b"", status=304, headers=headers)
    content_type = limits.encoded(found.content_type)
    if found.place is not None:
        odd = any(header in request.headers for header in _FRONT_WOULD_JUDGE) or not CARRIED.issuperset(
            map(str.lower, headers)
        )
        del headers["Accept-Ranges"]  # The front adds this header.
        file = STREAMS if odd else f"/_objects/{found.place[:2]}/{found.place}"
        return Reply(file=file, headers=headers, content_type=content_type)
    assert data is not None
    wanted = conditions.ranges(request.headers, found)
    if not wanted:
        return Reply(raw=data, headers=headers, content_type=content_type)
    if len(wanted) == 1:
        first, behind = wanted[0]
        headers["Content-Range"] = f"bytes {first}-{behind - 1}/{found.size}"
        return Reply(raw=data[first:behind], status=206, headers=headers, content_type=content_type)
    parts = Parts(content_type, found.size, wanted)
    body = b"".join(head + data[first:behind] for head, (first, behind) in zip(parts.heads, wanted, strict=True))
    return Reply(raw=body + parts.end, status=206, headers=headers, content_type=parts.content_type)


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
