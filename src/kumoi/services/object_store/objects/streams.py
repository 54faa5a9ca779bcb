"""Routes that create, change and delete objects, in the process that writes to the object store; and downloads that the
front cannot send from a file."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

from kumoi.kernel import clock, policy
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import access, asked, conditions, crossing, limits, signed, specials, stores, synced
from kumoi.services.object_store.errors import PreconditionFailed
from kumoi.services.object_store.objects import downloads, logic, schemas, segments, uploads
from kumoi.services.object_store.objects.segments import Piece
from kumoi.services.object_store.versions import logic as versions

routes = Routes()
PATH = "/v1/{account}/{container}/{object:path}"
READERS = policy.by_service("container-readers", access.reads_own)
WRITERS = policy.by_service("container-writers", access.owns_own)
COPIERS = policy.by_service("container-readers", access.owns_own)
"""They read here, and write where the copy goes."""
_REFUSALS = (408, 409, 411, 412, 413, 416, 422, 498, 501, 507)
_SPECIAL = (200, 202, 303)


@routes.put(
    PATH,
    policy=WRITERS,
    mode="stream",
    query=schemas.Versioned,
    status=201,
    reply=bytes,
    raw_body=True,
    errors=(*_REFUSALS, *_SPECIAL),
)
@crossing.streamed
async def put(request: Request, body: AsyncIterator[bytes], account: str, container: str, object: str) -> Reply:
    if special := specials.of(request, "PUT"):
        return await special(request, body, (account, container, object))
    if (at := synced.heed(request, account, container, object)) is not None:
        try:
            return uploads.made(await uploads.receive(request, body, account, container, object, at))
        except logic.Older:
            return asked.done(202)
    signed.heed(request, account, container, object)
    await uploads.hold(request, account, container, object)
    version = asked.said(request, versions.PARAMETER)
    if version and "x-copy-from" not in request.headers:
        return await _restore(request, body, account, container, object, version)
    if asked.said(request, "multipart-manifest") == "put":
        return await uploads.receive_manifest(request, body, account, container, object)
    if "x-copy-from" in request.headers:
        if int(request.headers.get("content-length", "0")):
            raise BadRequest("Content-Length: a copy has no body.")
        other = logic.other("X-Copy-From", request.headers["x-copy-from"])
        source = (request.headers.get("x-copy-from-account", account), *other)
        return uploads.copied(source, *await uploads.copy(request, source, (account, container, object)))
    return uploads.made(await uploads.receive(request, body, account, container, object))


async def _restore(
    request: Request, body: AsyncIterator[bytes], account: str, container: str, object: str, version: str
) -> Reply:
    await uploads.taken(body, 0, f"body of a PUT with {versions.PARAMETER}")
    made = await stores.change(request, lambda tx: logic.restore(tx, request.who, account, container, object, version))
    return uploads.made(made)


@routes.copy(PATH, policy=COPIERS, mode="stream", query=schemas.Versioned, errors=_REFUSALS)
@crossing.streamed
async def copy(request: Request, body: AsyncIterator[bytes], account: str, container: str, object: str) -> Reply:
    version = asked.said(request, versions.PARAMETER) or ""
    stores.look(
        request, lambda tx: logic.readable(tx, request.who, account, container, object, request.headers, version)
    )
    if "destination" not in request.headers:
        raise PreconditionFailed("The header Destination is missing.")
    other = logic.other("Destination", request.headers["destination"])
    target = (request.headers.get("destination-account", account), *other)
    await uploads.hold(request, *target)
    source = (account, container, object)
    return uploads.copied(source, *await uploads.copy(request, source, target))


@routes.post(
    PATH,
    policy=WRITERS,
    mode="stream",
    status=202,
    reply=bytes,
    raw_body=True,
    errors=(*_REFUSALS, *_SPECIAL, 201, 307),
)
@crossing.streamed
async def change(request: Request, body: AsyncIterator[bytes], account: str, container: str, object: str) -> Reply:
    if special := specials.of(request, "POST"):
        return await special(request, body, (account, container, object))
    signed.heed(request, account, container, object)
    if asked.said(request, versions.PARAMETER):
        raise BadRequest(f"{versions.PARAMETER}: a POST changes the current object alone.")
    await uploads.hold(request, account, container, object)
    if logic.LINK in request.headers:
        raise BadRequest("A PUT request is required to set a symlink target")
    said = logic.described(request.headers, clock.now())
    found = await stores.change(
        request, lambda tx: logic.change(tx, request.who, account, container, object, request.headers, said)
    )
    if logic.LINK in found.metadata:
        # The link has the metadata now; the client may want its target to have them.
        owner = found.metadata.get(logic.LINK_ACCOUNT, account)
        target = quote(f"{request.service.prefix}/v1/{owner}/{found.metadata[logic.LINK]}")
        return Reply(
            raw=b"The requested POST was applied to a symlink. POST directly to the target to apply requested metadata.",
            status=307, headers={"Location": target, "Content-Location": target}, content_type="text/plain; charset=UTF-8",
        )  # fmt: skip
    return asked.done(202)


@routes.delete(PATH, policy=WRITERS, mode="stream", query=schemas.Versioned, reply=bytes, errors=(*_REFUSALS, 200))
@crossing.streamed
async def remove(request: Request, body: AsyncIterator[bytes], account: str, container: str, object: str) -> Reply:
    if special := specials.of(request, "DELETE"):
        return await special(request, body, (account, container, object))
    if (at := synced.heed(request, account, container, object)) is not None:
        await stores.change(
            request, lambda tx: logic.remove_synced(tx, request.who, account, container, object, at), frees=True
        )
        return asked.done(204)
    signed.heed(request, account, container, object)
    await uploads.hold(request, account, container, object)
    if asked.said(request, "multipart-manifest") == "delete" and (delete := specials.registered.get(("DELETE", "slo"))):
        return await delete(request, body, (account, container, object))
    version = asked.said(request, versions.PARAMETER) or ""
    removal = await stores.change(
        request,
        lambda tx: logic.remove(tx, request.who, account, container, object, request.headers, version),
        frees=True,
    )
    headers = {versions.HEADER: removal.id} if removal.id else {}
    if version:
        headers["X-Object-Current-Version-Id"] = removal.current or versions.NULL
    if not removal.there:
        raise NotFound("The object could not be found.", headers=headers)
    return asked.done(204, headers)


@routes.get(PATH, policy=READERS, mode="stream", reply=bytes, query=schemas.Got, errors=(206, 304, 409, 412, 416))
@crossing.streamed
async def get(request: Request, body: AsyncIterator[bytes], account: str, container: str, object: str) -> Reply:
    if object.endswith("/") and (
        index := await asyncio.to_thread(specials.index_of, request, (account, container, object))
    ):
        object = index
    # A manifest may have thousands of segments to look up.
    found = await asyncio.to_thread(downloads.look, request, account, container, object)
    if found.pieces is None and found.place is None:
        return downloads.give(request, found)
    if conditions.unchanged(request.headers, found.object):
        return Reply(raw=b"", status=304, headers=found.headers)
    if found.place is not None:
        await asyncio.to_thread(stores.check_readable, request, found.place)
    size, headers, content_type = found.object.size, found.headers, limits.encoded(found.object.content_type)
    pieces = found.pieces if found.pieces is not None else [Piece(0, size, found.where, found.object)]
    wanted = [found.part] if found.part else conditions.ranges(request.headers, found.object)
    if len(wanted) > 1:
        parts = downloads.Parts(content_type, size, wanted)
        headers["Content-Length"] = str(parts.size)
        stream = _read(request, pieces, wanted, parts.heads, parts.end)
        return Reply(stream=stream, status=206, headers=headers, content_type=parts.content_type)
    ((first, behind),) = wanted or [(0, size)]
    headers["Content-Length"] = str(behind - first)
    if wanted:
        headers["Content-Range"] = f"bytes {first}-{behind - 1}/{size}"
    stream = _read(request, pieces, [(first, behind)], [b""], b"")
    return Reply(stream=stream, status=206 if wanted else 200, headers=headers, content_type=content_type)


async def _read(
    request: Request, pieces: list[Piece], wanted: list[tuple[int, int]], heads: list[bytes], end: bytes
) -> AsyncIterator[bytes]:
    """The bytes of pieces in a row, a block at a time, in their frame."""
    for head, (first, behind) in zip(heads, wanted, strict=True):
        if head:
            yield head
        for piece in segments.cut(pieces, first, behind):
            blocks = iter(await asyncio.to_thread(uploads.read, request, piece))
            while block := await asyncio.to_thread(next, blocks, b""):
                yield block
    if end:
        yield end
