"""Receives the bytes of an object: hashes and writes each block while the next one arrives, all or nothing."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from urllib.parse import quote

import msgspec

from kumoi.engines.objects.interface import Object, Stored, Writer, Writing
from kumoi.kernel import clock
from kumoi.kernel.errors import BadRequest, TooLarge, Unprocessable
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.services.object_store import asked, conditions, grants, limits, pace, stores, synced
from kumoi.services.object_store.access import WRITE
from kumoi.services.object_store.asked import http_date
from kumoi.services.object_store.containers import logic as containers
from kumoi.services.object_store.objects import downloads, locations, logic, segments
from kumoi.services.object_store.objects.segments import Piece
from kumoi.services.object_store.versions import logic as versions

BLOCK = 1 << 20
"""Bytes that are hashed and written at once, by a thread."""
MOST_HELD = 2 << 20
"""Bytes that wait at most while others are written."""
MOST_PIECES = 256
"""That are held apart: each costs memory, however few bytes it has."""
SMALL = 64 << 10
"""Bytes that are hashed at once where they came."""
Place = tuple[str, str, str]


async def hold(request: Request, account: str, container: str, name: str) -> None:
    """Let a write wait until the limits allow it."""

    def size(tx: stores.Reading) -> int:
        logic.check_path(account, container, name)
        return containers.open_to(tx, request.who, account, container, request.headers, WRITE).objects

    await pace.of_container(request, account, container, size)


async def receive(
    request: Request, body: AsyncIterator[bytes], account: str, container: str, name: str, at: int | None = None
) -> Object:
    """Take an object's bytes and make it. `at`: when another cloud made it."""
    headers = request.headers
    said, size = logic.described(headers, clock.now()), logic.length(headers)
    if size is None or size > SMALL:
        # A caller without permission is refused before the bytes arrive.
        stores.look(request, lambda tx: logic.may_put(tx, request.who, account, container, name, headers, size or 0))
    if at is not None and synced.is_trusted(request):
        said = _as_there(request, said)
        if limits.flag(headers.get(segments.STATIC)):
            # Its segments may come later, so that they are not looked at.
            raw = await taken(body, segments.MOST_MANIFEST, "manifest")
            about = {**said.metadata, segments.STATIC: "True", **segments.about(raw)}
            said, manifest = replace(said, metadata=about), beside_its_name(raw)
            logic.check_etag(headers, manifest)
            return await stores.change(
                request, lambda tx: logic.put(tx, request.who, account, container, name, headers, said, manifest, at)
            )
    with stores.translated():
        writer = stores.begin(request, account, container)
        try:
            stored = await pour(body, writer)
            logic.check_etag(headers, stored)
        except BaseException:
            writer.discard()
            raise
    return await stores.change(
        request,
        lambda tx: logic.put(tx, request.who, account, container, name, headers, said, stored, at),
        writer,
    )


def beside_its_name(raw: bytes) -> Stored:
    """Bytes that are kept in the index, however many they are: those of a manifest, which is read as a whole."""
    return Stored(len(raw), hashlib.md5(raw, usedforsecurity=False).hexdigest(), raw, None)


def _as_there(request: Request, said: logic.Described) -> logic.Described:
    """With the hidden metadata that clouds tell each other."""
    prefix = f"x-object-{limits.HIDDEN}"
    more = {
        header.removeprefix("x-object-"): limits.decoded(header, value)
        for header, value in request.headers.items()
        if header.startswith(prefix)
    }
    return replace(said, metadata={**said.metadata, **more})


async def pour(body: AsyncIterator[bytes], writer: Writer) -> Stored:
    """Hash and write one block while the next one arrives."""
    block, held, came, large = list[bytes](), 0, 0, False
    writing: asyncio.Future[None] | None = None
    try:
        async for chunk in body:
            came += len(chunk)
            if came > limits.MOST_BYTES:
                raise TooLarge(f"The object has more than {limits.MOST_BYTES} bytes.")
            block.append(chunk)
            held += len(chunk)
            # While the last block is written the next one may grow, so that the thread that hashes does not wait for it.
            if held >= BLOCK and (held >= MOST_HELD or not writing or writing.done()):
                large = True
                if writing:
                    await writing
                writing = asyncio.ensure_future(asyncio.to_thread(writer.write, *block))
                block, held = [], 0
            elif len(block) == MOST_PIECES:
                block = [b"".join(block)]
        if writing:
            await writing
            writing = None
        if not large and came <= SMALL:
            writer.write(*block)
            return writer.finish() if came <= SMALL // 2 else await asyncio.to_thread(writer.finish)
        if block:
            await asyncio.to_thread(writer.write, *block)
        return await asyncio.to_thread(writer.finish)
    finally:
        if writing and not writing.done():
            await asyncio.wait({writing})


async def taken(body: AsyncIterator[bytes], most: int, what: str) -> bytes:
    """A body that is small enough to be held."""
    raw = bytearray()
    async for chunk in body:
        raw += chunk
        if len(raw) > most:
            raise TooLarge(f"The {what} has more than {most} bytes.")
    return bytes(raw)


async def receive_manifest(
    request: Request, body: AsyncIterator[bytes], account: str, container: str, name: str
) -> Reply:
    headers = request.headers
    said = logic.described(headers, clock.now())
    if logic.MANIFEST in headers or logic.LINK in headers:
        raise BadRequest("multipart-manifest: X-Object-Manifest and X-Symlink-Target are not taken with it.")
    stores.look(request, lambda tx: logic.may_put(tx, request.who, account, container, name, headers, 0))
    wanted = segments.read_manifest(await taken(body, segments.MOST_MANIFEST, "manifest"))
    if any((each.path or "").lstrip("/") == f"{container}/{name}" for each in wanted):
        raise BadRequest("The manifest names itself as a segment.")

    def work(tx: Writing) -> Object:
        kept, about = segments.checked(tx, request.who, account, wanted)
        etag = about[segments.ETAG]
        given = headers.get("etag", "").strip('"')
        if given and given != etag:
            raise Unprocessable(f"ETag: the segments have {etag}.")
        raw = msgspec.json.encode(kept)
        stored = beside_its_name(raw)
        metadata = {**said.metadata, segments.STATIC: "True", **about}
        place = logic.may_put(tx, request.who, account, container, name, headers, stored.size)
        detect = headers.get("x-detect-content-type")
        made = logic.new_object(tx, name, replace(said, metadata=metadata), stored, detect)
        locations.keep(tx, place, name)
        tx.put_object(place, made, stored)
        return made

    made = await stores.change(request, work)
    etag = made.metadata[segments.ETAG]
    headers_made = {"ETag": f'"{etag}"', "Last-Modified": http_date(made.at), **version_of(made)}
    return asked.done(201, headers_made)


async def copy(request: Request, source: Place, target: Place) -> tuple[Object, Object]:
    """(the source, what was made of it)."""
    headers = request.headers
    before = await asyncio.to_thread(downloads.look, request, *source)
    said = logic.described(headers, clock.now())
    fresh = limits.flag(headers.get("x-fresh-metadata"))
    old, manifest = before.object.metadata, before.pieces is None
    # What is copied as a whole is no manifest; what is copied as a manifest or link stays one.
    kept = {
        key: value for key, value in old.items() if manifest or not key.startswith((*logic.LASTING, logic.MANIFEST))
    }
    if fresh:
        kept = {key: value for key, value in kept.items() if key.startswith((*logic.LASTING, logic.MANIFEST))}
    kept.pop(grants.STORED, None)
    metadata = {**kept, **said.metadata}
    limits.check_metadata(metadata, logic.META)
    delete_at = said.delete_at if fresh else said.delete_at or before.object.delete_at
    said = logic.Described(said.content_type or before.object.content_type, metadata, delete_at)
    unconditional = {key: value for key, value in headers.items() if key not in ("etag", logic.LINK)}
    first, behind = _part(headers, before)
    size = behind - first
    if size > limits.MOST_BYTES:
        raise TooLarge(f"The copy would have {size} bytes; at most {limits.MOST_BYTES} are taken.")
    stores.look(request, lambda tx: logic.may_put(tx, request.who, *target, unconditional, size))
    if manifest and segments.STATIC in old:
        return before.object, await _copy_manifest(request, before, target, unconditional, said)
    if logic.LINK in old and manifest and source[0] != target[0]:
        # It still leads to where it led.
        said.metadata.setdefault(logic.LINK_ACCOUNT, source[0])
    with stores.translated():
        writer = stores.begin(request, *target[:2])
        try:
            stored = await stores.slowly(_pour_copy, request, writer, before, first, behind)
        except BaseException:
            writer.discard()
            raise
    made = await stores.change(
        request, lambda tx: logic.put(tx, request.who, *target, unconditional, said, stored), writer
    )
    return before.object, made


def _part(headers: Mapping[str, str], before: downloads.Found) -> tuple[int, int]:
    """The bytes that a copy takes: those of one range or one part, or all."""
    if before.part is not None:
        return before.part
    wanted = conditions.ranges(headers, before.object)
    if len(wanted) > 1:
        raise BadRequest("Range: a copy takes one range.")
    return wanted[0] if wanted else (0, before.object.size)


async def _copy_manifest(
    request: Request, before: downloads.Found, target: Place, headers: Mapping[str, str], said: logic.Described
) -> Object:
    """As a manifest, whose segments the other account must have."""
    assert before.data is not None
    raw, again = before.data, msgspec.convert(segments.as_put(before.data), list[segments.Wanted])

    def work(tx: Writing) -> Object:
        segments.checked(tx, request.who, target[0], again)
        return logic.put(tx, request.who, *target, headers, said, beside_its_name(raw))

    return await stores.change(request, work)


def _pour_copy(request: Request, writer: Writer, before: downloads.Found, first: int, behind: int) -> Stored:
    whole = [Piece(0, before.object.size, before.where, before.object, before.data or b"")]
    size = 0
    for piece in segments.cut(before.pieces if before.pieces is not None else whole, first, behind):
        for block in read(request, piece):
            writer.write(block)
            size += len(block)
    logic.check_conflict(behind - first, size)
    return writer.finish()


def read(request: Request, piece: Piece) -> "list[bytes] | Blocks":
    """The bytes of a piece, a block at a time."""
    if piece.data:
        return [piece.data[piece.first : piece.behind]]
    assert piece.object is not None and piece.where is not None
    object, where = piece.object, piece.where
    if object.place is None:

        def data(tx: stores.Reading) -> bytes:
            found = tx.version(where, object.name, object.version)
            if found is None or (found.etag, found.place) != (object.etag, None):
                raise stores.ObjectsError(f"The object {object.name} was changed while it was read.")
            return tx.data(where, object.name, object.version)

        found = stores.look(request, data)
        return [found[piece.first : piece.behind]] if found else []
    return Blocks(request, piece)


class Blocks:
    """Of a file; closed at the end, or when nobody wants it any more."""

    def __init__(self, request: Request, piece: Piece) -> None:
        assert piece.object is not None and piece.object.place is not None
        self._file = stores.of(request).open(piece.object.place)
        self._file.seek(piece.first)
        self._left = piece.size

    def __iter__(self) -> "Blocks":
        return self

    def __next__(self) -> bytes:
        if self._left <= 0:
            self._file.close()
            raise StopIteration
        block = self._file.read(min(self._left, BLOCK))
        if not block:
            self._file.close()
            raise stores.ObjectsError("The object has fewer bytes than its name says.")
        self._left -= len(block)
        return block


def made(object: Object) -> Reply:
    return asked.done(201, {"ETag": object.etag, "Last-Modified": http_date(object.at), **version_of(object)})


def version_of(object: Object) -> dict[str, str]:
    return {versions.HEADER: versions.id_of(object)} if object.named else {}


def copied(source: Place, found: Object, object: Object) -> Reply:
    account, container, name = source
    reply = made(object)
    headers = {
        **reply.headers,
        "X-Copied-From": quote(f"{container}/{name}"),
        "X-Copied-From-Account": quote(account),
        "X-Copied-From-Last-Modified": http_date(found.at),
        **{key: value for key, value in logic.headers_of(object).items() if key.lower() in object.metadata},
    }
    return asked.done(201, headers)
