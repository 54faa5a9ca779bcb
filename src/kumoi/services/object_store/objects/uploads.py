"""Receives the bytes of an object: hashes and writes each block while the next one arrives, all or nothing."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

from kumoi.engines.objects.interface import Object, Stored, Writer
from kumoi.kernel import clock
from kumoi.kernel.errors import NotBuilt, TooLarge
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.services.object_store import asked, limits, stores
from kumoi.services.object_store.asked import http_date
from kumoi.services.object_store.objects import logic

BLOCK = 1 << 20
"""Bytes that are hashed and written at once, by a thread."""
SMALL = 64 << 10
"""Bytes that are hashed at once where they came."""
_ABSENT = {
    "multipart-manifest": "static large objects",
    "extract-archive": "archives",
    "bulk-delete": "bulk deletion",
    "symlink": "symbolic links",
}
"""Parameter → the absent feature that it requests."""


def refuse_absent(request: Request) -> None:
    for name, what in _ABSENT.items():
        if name in request.params:
            raise NotBuilt(f"{name}: {what} are not there yet.")


async def receive(request: Request, body: AsyncIterator[bytes], account: str, container: str, name: str) -> Object:
    """Receive an object's bytes and create it."""
    refuse_absent(request)
    headers = request.headers
    said, size = logic.described(headers, clock.now()), logic.length(headers)
    if size is None or size > SMALL:
        # A caller without permission is refused before the bytes arrive.
        stores.look(request, lambda tx: logic.may_put(tx, request.who, account, container, name, headers, size or 0))
    with stores.translated():
        writer = stores.of(request).begin()
        try:
            stored = await pour(body, writer)
            logic.check_etag(headers, stored)
        except BaseException:
            writer.discard()
            raise
    return await stores.change(
        request,
        lambda tx: logic.put(tx, request.who, account, container, name, headers, said, stored),
        writer,
    )


async def pour(body: AsyncIterator[bytes], writer: Writer) -> Stored:
    """Hash and write one block while the next one arrives."""
    block, came, large = bytearray(), 0, False
    writing: asyncio.Future[None] | None = None
    try:
        async for chunk in body:
            came += len(chunk)
            if came > limits.MOST_BYTES:
                raise TooLarge(f"The object has more than {limits.MOST_BYTES} bytes.")
            block += chunk
            if len(block) >= BLOCK:
                large = True
                if writing:
                    await writing
                writing = asyncio.ensure_future(asyncio.to_thread(writer.write, bytes(block)))
                block = bytearray()
        if writing:
            await writing
            writing = None
        if not large and came <= SMALL:
            writer.write(bytes(block))
            return writer.finish() if came <= SMALL // 2 else await asyncio.to_thread(writer.finish)
        if block:
            await asyncio.to_thread(writer.write, bytes(block))
        return await asyncio.to_thread(writer.finish)
    finally:
        if writing and not writing.done():
            await asyncio.wait({writing})


async def copy(request: Request, source: tuple[str, str, str], target: tuple[str, str, str]) -> tuple[Object, Object]:
    """(the source, the new object)."""
    from_account, from_container, from_name = source

    def look(tx: stores.Reading) -> tuple[Object, bytes | None]:
        place, found = logic.readable(tx, request.who, from_account, from_container, from_name, request.headers)
        return found, tx.data(place, from_name) if found.place is None else None

    found, data = stores.look(request, look)
    said = logic.described({**request.headers, "content-type": request.headers.get("content-type", "")}, clock.now())
    fresh = limits.flag(request.headers.get("x-fresh-metadata"))
    metadata = said.metadata if fresh else {**found.metadata, **said.metadata}
    limits.check_metadata(metadata, logic.META)
    said = logic.Described(
        said.content_type or found.content_type,
        metadata,
        said.delete_at if fresh else said.delete_at or found.delete_at,
    )
    stores.look(request, lambda tx: logic.may_put(tx, request.who, *target, request.headers, found.size))
    store = stores.of(request)
    with stores.translated():
        writer = store.begin()
        try:
            stored = await asyncio.to_thread(_pour_copy, store, writer, found, data)
        except BaseException:
            writer.discard()
            raise
    made = await stores.change(
        request, lambda tx: logic.put(tx, request.who, *target, request.headers, said, stored), writer
    )
    return found, made


def _pour_copy(store: stores.ObjectStore, writer: Writer, found: Object, data: bytes | None) -> Stored:
    if data is not None:
        writer.write(data)
    else:
        assert found.place is not None
        with store.open(found.place) as file:
            while block := file.read(BLOCK):
                writer.write(block)
    stored = writer.finish()
    logic.check_conflict(found, stored.size)
    return stored


def made(object: Object) -> Reply:
    headers = {"ETag": object.etag, "Last-Modified": http_date(object.at)}
    return asked.done(201, headers)


def copied(source: tuple[str, str, str], found: Object, object: Object) -> Reply:
    account, container, name = source
    reply = made(object)
    headers = {
        **reply.headers,
        "X-Copied-From": quote(f"{container}/{name}"),
        "X-Copied-From-Account": quote(account),
        "X-Copied-From-Last-Modified": http_date(found.at),
        **{key: limits.encoded(value) for key, value in object.metadata.items()},
    }
    return asked.done(201, headers)
