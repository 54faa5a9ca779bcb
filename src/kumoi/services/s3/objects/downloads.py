"""Sends the bytes of objects: small ones from the API's process, large ones from their file through the front, and what
the front cannot send from the streams process."""

import asyncio
from collections.abc import AsyncIterator

from kumoi.engines.objects.interface import Object
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.services.object_store import facade as object_store
from kumoi.services.object_store.facade import Found, conditions
from kumoi.services.s3 import asked, checksums
from kumoi.services.s3.asked import Parameters
from kumoi.services.s3.errors import S3Error
from kumoi.services.s3.lifecycle import logic as lifecycle
from kumoi.services.s3.objects import logic
from kumoi.services.s3.parts import logic as parts

_CARRIED = object_store.CARRIED | {
    *checksums.HEADERS, checksums.TYPE, "x-amz-tagging-count", "x-amz-expiration", "x-amz-version-id",
}  # fmt: skip
MOST_PARTS = 10_000
_FRONT_WOULD_JUDGE = ("if-match", "if-unmodified-since", "if-range")


def look(request: Request, bucket: str, key: str, given: Parameters, *, bytes_too: bool = True) -> tuple[Found, Reply]:
    """The object, and a reply without its bytes."""
    id = given.text("versionId")
    found = object_store.look(request, lambda tx: logic.found(tx, request.who, bucket, key, id, bytes_too=bytes_too))
    with_sums = request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    headers = logic.headers_of(found.object, found.version, with_sums=with_sums and "range" not in request.headers)
    if not id:
        headers |= lifecycle.header(found.where, found.object)
    if "partNumber" in given:
        headers |= _of_part(request, found.object, number_of(given))
    content_type = object_store.encoded(found.object.content_type)
    for name, header in asked.REPLIES.items():
        if text := given.text(name):
            if not request.who.user_id:
                # What anybody may read would else become a page that runs what somebody stored as a text.
                raise S3Error(
                    400, "InvalidRequest",
                    "Request specific response headers cannot be used for anonymous GET requests.",
                )  # fmt: skip
            # Characters that could begin another header are refused here.
            clean = object_store.encoded("".join(each for each in text if each >= " "))
            if header == "content-type":
                content_type = clean
            else:
                headers[header] = clean
    return found, Reply(headers=headers, content_type=content_type)


def number_of(given: Parameters) -> int:
    return given.number("partNumber", 1, MOST_PARTS, least=1)


def _of_part(request: Request, there: Object, number: int) -> dict[str, str]:
    """What a download of one part says besides; S3Error if it asks for a range too, or there is no such part."""
    if "range" in request.headers:
        raise S3Error(400, "InvalidRequest", "Cannot specify both Range header and partNumber query parameter.")
    found = parts.of(there)
    parts.range_of(there, number)
    if found is None:
        return {}
    kind = {checksums.TYPE: logic.sums_of(there)[checksums.TYPE]} if found.header else {}
    return {"x-amz-mp-parts-count": str(len(found.sizes)), **found.sum_of(number), **kind}


def _ranges(request: Request, there: Object, given: Parameters) -> list[tuple[int, int]]:
    """(first, end) of the bytes that are sent; several or none: all of them."""
    if "partNumber" in given:
        first, behind = parts.range_of(there, number_of(given))
        return [(first, behind)] if behind > first else []
    return conditions.ranges(request.headers, there)


def head(request: Request, bucket: str, key: str, given: Parameters) -> Reply:
    found, reply = look(request, bucket, key, given, bytes_too=False)
    headers = {**reply.headers}
    if conditions.unchanged(request.headers, found.object):
        return unchanged(reply)
    size = found.object.size
    wanted = _ranges(request, found.object, given)
    if len(wanted) == 1:
        first, behind = wanted[0]
        headers |= {"Content-Range": f"bytes {first}-{behind - 1}/{size}", "Content-Length": str(behind - first)}
        return Reply(raw=b"", status=206, headers=headers, content_type=reply.content_type)
    return Reply(raw=b"", headers={**headers, "Content-Length": str(size)}, content_type=reply.content_type)


def get(request: Request, bucket: str, key: str, given: Parameters) -> Reply:
    """In the API's process."""
    found, reply = look(request, bucket, key, given)
    if conditions.unchanged(request.headers, found.object):
        return unchanged(reply)
    place = found.place
    if found.pieces is not None or place is not None:
        headers = {name: value for name, value in reply.headers.items() if name != "Accept-Ranges"}
        carried = _CARRIED.issuperset(map(str.lower, headers))
        odd = not carried or "partNumber" in given or any(header in request.headers for header in _FRONT_WOULD_JUDGE)
        below = None if odd or place is None else object_store.of(request).sent_from(place)
        file = object_store.STREAMS if below is None else f"{object_store.FILES}{below}"
        return Reply(file=file, headers=headers, content_type=reply.content_type)
    assert found.data is not None
    wanted = _ranges(request, found.object, given)
    if len(wanted) != 1:
        return Reply(raw=found.data, headers=reply.headers, content_type=reply.content_type)
    first, behind = wanted[0]
    headers = {**reply.headers, "Content-Range": f"bytes {first}-{behind - 1}/{found.object.size}"}
    return Reply(raw=found.data[first:behind], status=206, headers=headers, content_type=reply.content_type)


def unchanged(reply: Reply) -> Reply:
    """Without checksums, which would be those of a body."""
    headers = {name: value for name, value in reply.headers.items() if not name.startswith(checksums.PREFIX)}
    return Reply(raw=b"", status=304, headers=headers)


def streamed(request: Request, bucket: str, key: str, given: Parameters) -> Reply:
    """In the streams process."""
    found, reply = look(request, bucket, key, given)
    if found.pieces is None and found.place is None:
        return get(request, bucket, key, given)
    if conditions.unchanged(request.headers, found.object):
        return unchanged(reply)
    size, headers = found.object.size, {**reply.headers}
    wanted = _ranges(request, found.object, given)
    first, behind = wanted[0] if len(wanted) == 1 else (0, size)
    headers["Content-Length"] = str(behind - first)
    if len(wanted) == 1:
        headers["Content-Range"] = f"bytes {first}-{behind - 1}/{size}"
    status = 206 if len(wanted) == 1 else 200
    stream = _read(request, found, first, behind)
    return Reply(stream=stream, status=status, headers=headers, content_type=reply.content_type)


async def _read(request: Request, found: Found, first: int, behind: int) -> AsyncIterator[bytes]:
    blocks = object_store.blocks(request, found, first, behind)
    while block := await asyncio.to_thread(next, blocks, b""):
        yield block
