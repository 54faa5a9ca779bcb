"""Receives an image's bytes in the streams process, with constant memory. Hashes and inspects them as they arrive."""

import asyncio
from collections.abc import AsyncIterator

from kumoi.engines.images.interface import ImageRefused, ImagesError, ImageStore, Writer
from kumoi.kernel import log
from kumoi.kernel.http import Request
from kumoi.services.image.data import logic
from kumoi.services.image.data.errors import AnotherUpload, NotOctets, RefusedContent
from kumoi.services.image.images.errors import ImageGone, StorageFull

BLOCK = 1 << 20
"""Bytes that are handed to the disk at a time; twice that is all that an upload holds."""
BEAT_SECONDS = 10.0


async def receive(asked: Request, body: AsyncIterator[bytes], image_id: str, *, staging: bool) -> None:
    """Returns when the bytes are complete and durable. After an error the image is queued again, and no bytes are
    left."""
    kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/octet-stream", ""):
        raise NotOctets(kind)
    database, images = asked.database, asked.engine(ImageStore)
    promised = asked.headers.get("content-length", "")
    begun = await asyncio.to_thread(
        database.write,
        lambda tx: logic.begin(
            tx, asked.who, image_id, asked.origin(), staging=staging, size=int(promised) if promised.isdigit() else None
        ),
    )
    upload = begun.id
    writer: Writer | None = None
    beating = asyncio.create_task(_beat(asked, image_id, upload))
    try:
        writer = await _begin(images, image_id, begun.disk_format)
        try:
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
        logic.check_room(most, came)
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
