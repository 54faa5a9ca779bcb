"""Routes that create, change and delete objects, in the process that writes to the object store; and downloads that the
front cannot send from a file."""

import asyncio
from collections.abc import AsyncIterator

from kumoi.kernel import clock, policy
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import asked, limits, stores
from kumoi.services.object_store.errors import PreconditionFailed
from kumoi.services.object_store.objects import conditions, downloads, logic, schemas, uploads

routes = Routes()
PATH = "/v1/{account}/{container}/{object:path}"
READERS = policy.by_service("container-readers")
WRITERS = policy.by_service("container-writers")
_REFUSALS = (408, 409, 411, 412, 413, 422, 501, 507)


@routes.put(PATH, policy=WRITERS, mode="stream", status=201, raw_body=True, errors=_REFUSALS)
async def put(request: Request, body: AsyncIterator[bytes], account: str, container: str, object: str) -> Reply:
    if "x-copy-from" in request.headers:
        if int(request.headers.get("content-length", "0")):
            raise BadRequest("Content-Length: a copy has no body.")
        other = logic.other("X-Copy-From", request.headers["x-copy-from"])
        source = (request.headers.get("x-copy-from-account", account), *other)
        return uploads.copied(source, *await uploads.copy(request, source, (account, container, object)))
    return uploads.made(await uploads.receive(request, body, account, container, object))


@routes.copy(PATH, policy=READERS, mode="stream", errors=_REFUSALS)
async def copy(request: Request, body: AsyncIterator[bytes], account: str, container: str, object: str) -> Reply:
    stores.look(request, lambda tx: logic.readable(tx, request.who, account, container, object, request.headers))
    if "destination" not in request.headers:
        raise PreconditionFailed("The header Destination is missing.")
    other = logic.other("Destination", request.headers["destination"])
    target = (request.headers.get("destination-account", account), *other)
    source = (account, container, object)
    return uploads.copied(source, *await uploads.copy(request, source, target))


@routes.post(PATH, policy=WRITERS, mode="stream", status=202, raw_body=True, errors=_REFUSALS)
async def change(request: Request, body: AsyncIterator[bytes], account: str, container: str, object: str) -> Reply:
    uploads.refuse_absent(request)
    said = logic.described(request.headers, clock.now())
    await stores.change(
        request, lambda tx: logic.change(tx, request.who, account, container, object, request.headers, said)
    )
    return asked.done(202)


@routes.delete(PATH, policy=WRITERS, mode="stream", errors=_REFUSALS)
async def remove(request: Request, body: AsyncIterator[bytes], account: str, container: str, object: str) -> Reply:
    uploads.refuse_absent(request)
    await stores.change(request, lambda tx: logic.remove(tx, request.who, account, container, object, request.headers))
    return asked.done(204)


@routes.get(PATH, policy=READERS, mode="stream", reply=bytes, query=schemas.Got, errors=(206, 304, 412, 416))
async def get(request: Request, body: AsyncIterator[bytes], account: str, container: str, object: str) -> Reply:
    _, found, _, headers = downloads.looked_at(request, account, container, object)
    if found.place is None:
        return downloads.get(request, account, container, object)
    if conditions.unchanged(request.headers, found):
        return Reply(raw=b"", status=304, headers=headers)
    content_type = limits.encoded(found.content_type)
    wanted = conditions.ranges(request.headers, found)
    whole = [(0, found.size)]
    if len(wanted) > 1:
        parts = downloads.Parts(content_type, found.size, wanted)
        headers["Content-Length"] = str(parts.size)
        stream = _read(request, found.place, wanted, parts.heads, parts.end)
        return Reply(stream=stream, status=206, headers=headers, content_type=parts.content_type)
    ((first, behind),) = wanted or whole
    headers["Content-Length"] = str(behind - first)
    if wanted:
        headers["Content-Range"] = f"bytes {first}-{behind - 1}/{found.size}"
    stream = _read(request, found.place, [(first, behind)], [b""], b"")
    return Reply(stream=stream, status=206 if wanted else 200, headers=headers, content_type=content_type)


async def _read(
    request: Request, place: str, wanted: list[tuple[int, int]], heads: list[bytes], end: bytes
) -> AsyncIterator[bytes]:
    """The bytes of a file, a block at a time, in their frame."""
    file = await asyncio.to_thread(stores.of(request).open, place)
    try:
        for head, (first, behind) in zip(heads, wanted, strict=True):
            if head:
                yield head
            await asyncio.to_thread(file.seek, first)
            left = behind - first
            while left > 0:
                block = await asyncio.to_thread(file.read, min(left, uploads.BLOCK))
                if not block:
                    raise stores.ObjectsError("the object has fewer bytes than its name says")
                left -= len(block)
                yield block
        if end:
            yield end
    finally:
        file.close()
