"""Receives an image's bytes in the streams process, with constant memory. Hashes and inspects them as they arrive."""

import asyncio
from collections.abc import AsyncIterator

from kumoi.engines.images.interface import ImageRefused, ImagesError, ImageStore, Writer
from kumoi.kernel import log
from kumoi.kernel.http import Request
from kumoi.services.image import offers, stores
from kumoi.services.image.contents import room, signatures
from kumoi.services.image.data import logic
from kumoi.services.image.data.errors import AnotherUpload, NotOctets, RefusedContent, UnknownStore
from kumoi.services.image.images.errors import ImageGone, StorageFull
from kumoi.services.image.stores import BLOCK

BEAT_SECONDS = 10.0


async def receive(asked: Request, body: AsyncIterator[bytes], image_id: str, *, staging: bool) -> None:
    """Returns when the bytes are complete and durable. After an error the image is queued again, and no bytes are
    left."""
    kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/octet-stream", ""):
        raise NotOctets(kind)
    store = offers.STORE if staging else chosen(asked)
    database, images = asked.database, stores.of(asked.engine, store)
    promised = asked.headers.get("content-length", "")
    begun = await asyncio.to_thread(
        database.write,
        lambda tx: logic.begin(
            tx,
            asked.who,
            image_id,
            asked.origin(),
            staging=staging,
            size=int(promised) if promised.isdigit() else None,
            store=store,
        ),
    )
    upload = begun.id
    writer: Writer | None = None
    beating = asyncio.create_task(_beat(asked, image_id, upload))
    try:
        writer = await _begin(images, image_id, begun.disk_format)
        try:
            writer = signatures.verified(writer, begun.properties, asked.settings.image_certificates)
            await _pour(_within(body, begun.most), writer)
            stored = await asyncio.to_thread(writer.finish)
        except ImageRefused as error:
            raise RefusedContent(f"The data of image {image_id} is refused: {error}.") from error
        except ImagesError as error:
            if not await asyncio.to_thread(database.read, lambda tx: logic.wanted(tx, image_id, upload)):
                raise ImageGone(image_id) from error
            raise StorageFull(f"The data of image {image_id} could not be kept: {error}.") from error
        kept = await asyncio.to_thread(
            database.write, lambda tx: logic.finish(tx, image_id, upload, stored, staging=staging)
        )
        if not kept:
            raise ImageGone(image_id)
    except BaseException:
        beating.cancel()
        await asyncio.shield(asyncio.to_thread(_give_up, asked, images, writer, image_id, upload))
        raise
    beating.cancel()
    log.say(__name__, "image received", image_id=image_id, size=stored.size)


def chosen(asked: Request) -> str:
    """The store that a request names."""
    name = asked.headers.get(offers.STORE_HEADER, "").strip() or offers.STORE
    if name not in offers.stores():
        raise UnknownStore(offers.STORE_HEADER, name, offers.stores())
    return name


async def _begin(images: ImageStore, image_id: str, disk_format: str) -> Writer:
    try:
        return await asyncio.to_thread(images.begin, image_id, disk_format)
    except ImageRefused as error:
        raise RefusedContent(str(error)) from error
    except ImagesError as error:
        raise AnotherUpload(f"The data of image {image_id} cannot be taken now: {error}.") from error


async def _within(body: AsyncIterator[bytes], most: int | None) -> AsyncIterator[bytes]:
    """The body; OverSize as soon as it is larger than the owner's quota has room for."""
    came = 0
    async for chunk in body:
        came += len(chunk)
        room.check(most, came)
        yield chunk


async def _pour(body: AsyncIterator[bytes], writer: Writer) -> None:
    """Write one block while the next one arrives."""
    block = bytearray()
    writing: asyncio.Future[None] | None = None
    try:
        async for chunk in body:
            block += chunk
            if len(block) >= BLOCK:
                if writing:
                    await writing
                writing = asyncio.ensure_future(asyncio.to_thread(writer.write, bytes(block)))
                block.clear()
        if writing:
            await writing
            writing = None
        if block:
            await asyncio.to_thread(writer.write, bytes(block))
    finally:
        if writing and not writing.done():
            await asyncio.wait({writing})


async def _beat(asked: Request, image_id: str, upload: str) -> None:
    """Tell the operation that watches the upload that this process is active."""
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        try:
            await asyncio.to_thread(asked.database.write, lambda tx: logic.beat(tx, image_id, upload), durable=False)
        except Exception:
            log.fault(__name__, "the progress of an upload could not be recorded", image_id=image_id)


def _give_up(asked: Request, images: ImageStore, writer: Writer | None, image_id: str, upload: str) -> None:
    if writer:
        writer.abort()
        if asked.database.read(lambda tx: logic.owns(tx, image_id, upload)):
            images.delete(image_id)
    asked.database.write(lambda tx: logic.give_up(tx, image_id, upload))
