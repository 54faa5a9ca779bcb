"""Finds out from where the front sends the bytes of an image; sends those that it cannot send."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from kumoi.engines.images.interface import ImagesError
from kumoi.kernel.errors import Unavailable
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.services.image import stores
from kumoi.services.image.data import logic
from kumoi.services.image.offers import FILES

_TYPE = "application/octet-stream"
_STREAMS = "@object_streams"
"""The location to which the front passes requests that it cannot answer from a file."""


def download(request: Request, image_id: str) -> Reply:
    row = request.database.read(lambda tx: logic.downloadable(tx, request.who, image_id))
    if row is None:
        return Reply(status=204)
    headers = {"Content-MD5": row["checksum"] or ""}
    if FILES in stores.names(row["store"]):
        return Reply(file=f"/_images/{row['id']}", headers=headers, content_type=_TYPE)
    with _translated(row["id"]):
        images = stores.objects(request.engine)
        found = images.find(row["id"])
        below = None if isinstance(found, bytes) else images.sent_from(found)
    if isinstance(found, bytes):
        return Reply(raw=found, headers=headers, content_type=_TYPE)
    return Reply(file=f"/_objects/{below}" if below else _STREAMS, headers=headers, content_type=_TYPE)


async def stream(request: Request, image_id: str) -> Reply:
    """As `download`, in the streams process."""
    row = await asyncio.to_thread(request.database.read, lambda tx: logic.downloadable(tx, request.who, image_id))
    if row is None:
        return Reply(status=204)
    with _translated(row["id"]):
        file = await asyncio.to_thread(stores.of(request.engine, stores.names(row["store"])[0]).open, row["id"])
    headers = {"Content-MD5": row["checksum"] or "", "Content-Length": str(row["size"] or 0)}
    return Reply(stream=_blocks(file), headers=headers, content_type=_TYPE)


async def _blocks(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while block := await asyncio.to_thread(file.read, stores.BLOCK):
            yield block


@contextmanager
def _translated(image_id: str) -> Iterator[None]:
    try:
        yield
    except ImagesError as error:
        raise Unavailable(f"The data of image {image_id} cannot be read: {str(error)[:300]}.") from error
