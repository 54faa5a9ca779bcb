"""Receives the bytes of objects and copies them."""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeVar

from kumoi.engines.objects.interface import Object, Stored, Writer, Writing
from kumoi.kernel.http import Request
from kumoi.services.object_store import facade as object_store
from kumoi.services.object_store.facade import Found, conditions
from kumoi.services.s3 import checksums, chunks
from kumoi.services.s3.checksums import Sums
from kumoi.services.s3.errors import S3Error
from kumoi.services.s3.objects import logic

T = TypeVar("T")
Give = Callable[[Writing, Stored, dict[str, str]], T]
"""(transaction, complete bytes, their checksums by header) → what the request needs of what got them."""
_SMALL = 64 << 10
"""Bytes of a body that arrives before its refusal would."""


async def receive(
    request: Request,
    body: AsyncIterator[bytes],
    bucket: str,
    check: Callable[[int], None],
    give: Give[T],
    also: Iterable[str] = (),
) -> tuple[T, dict[str, str]]:
    """Receive a body and give its bytes away in one transaction. Returns that one's result, and the checksums. `check`:
    refuses a body of this size. `also`: headers of checksums that are wanted besides those that the client sent."""
    sums, size = Sums(request.headers, also), chunks.size(request)
    if size is not None and size > object_store.MOST_BYTES:
        raise S3Error(
            400, "EntityTooLarge", f"The body has {size} bytes; at most {object_store.MOST_BYTES} are accepted."
        )
    if size is None or size > _SMALL:
        check(size or 0)
    return await pour(request, chunks.checked(request, body, sums), sums, bucket, give)


async def pour(
    request: Request, body: AsyncIterator[bytes], sums: Sums, bucket: str, give: Give[T]
) -> tuple[T, dict[str, str]]:
    """As `receive`, of bytes that update `sums`."""
    found: dict[str, str] = {}
    with object_store.translated():
        writer = object_store.begin(request, *_place(request, bucket))
        try:
            stored = await object_store.pour(body, writer)
            found = sums.check()
        except BaseException:
            writer.discard()
            raise
    return await object_store.change(request, lambda tx: give(tx, stored, found), writer), found


def _place(request: Request, bucket: str) -> tuple[str, str]:
    """(account, container), which may be another project's."""
    return object_store.look(request, lambda tx: object_store.meant(tx, request.who, bucket))


async def put(request: Request, body: AsyncIterator[bytes], bucket: str, key: str) -> tuple[Object, dict[str, str]]:
    headers, who = request.headers, request.who
    logic.described(headers, {})

    def check(size: int) -> None:
        object_store.look(request, lambda tx: logic.may_put(tx, who, bucket, key, headers, size))

    def give(tx: Writing, stored: Stored, sums: dict[str, str]) -> Object:
        return logic.put(tx, who, bucket, key, headers, logic.described(headers, sums), stored)

    return await receive(request, body, bucket, check, give)


def source(request: Request) -> Found:
    """The source of a copy, whose conditions hold."""
    bucket, key, version = logic.source(request.headers["x-amz-copy-source"])
    found = object_store.look(request, lambda tx: logic.found(tx, request.who, bucket, key, version))
    if conditions.unchanged(logic.of_source(request.headers), found.object):
        raise S3Error(412, "PreconditionFailed", "x-amz-copy-source-if-…: the source does not fulfil the condition.")
    return found


async def copy(request: Request, bucket: str, key: str) -> tuple[Object, Found]:
    """(what was made, its source)."""
    who, found = request.who, source(request)
    same = logic.source(request.headers["x-amz-copy-source"]) == (bucket, key, "")
    if found.object.size > object_store.MOST_BYTES:
        raise S3Error(
            400, "InvalidRequest",
            f"The source has {found.object.size} bytes; at most {object_store.MOST_BYTES} are copied at once.",
        )  # fmt: skip
    said = logic.copied_metadata(found, request.headers, same=same)
    algorithm = request.headers.get(checksums.ALGORITHM)
    sums = Sums({}, [checksums.header_of(algorithm)] if algorithm else [])
    headers = {name: value for name, value in request.headers.items() if name in ("if-match", "if-none-match")}
    object_store.look(request, lambda tx: logic.may_put(tx, who, bucket, key, headers, found.object.size))
    made = await join(
        request,
        bucket,
        [(found, 0, found.object.size)],
        lambda tx, stored: logic.put(tx, who, bucket, key, headers, logic.with_sums(said, sums.check()), stored),
        sums,
    )
    return made, found


async def join(
    request: Request, bucket: str, pieces: Iterable[tuple[Found, int, int]], give: Callable[[Writing, Stored], T],
    sums: Sums | None = None,
) -> T:  # fmt: skip
    """Copy pieces (object, from here, before there) into one, and give its bytes away in one transaction. `sums` of the bytes
    are complete when `give` is called."""
    with object_store.translated():
        writer = object_store.begin(request, *_place(request, bucket))
        try:
            stored = await object_store.slowly(_pour, request, writer, pieces, sums)
        except BaseException:
            writer.discard()
            raise
    return await object_store.change(request, lambda tx: give(tx, stored), writer)


def _pour(request: Request, writer: Writer, pieces: Iterable[tuple[Found, int, int]], sums: Sums | None) -> Stored:
    for found, first, behind in pieces:
        if found.data is not None and found.pieces is None:
            writer.write(found.data[first:behind])
            if sums:
                sums.update(found.data[first:behind])
            continue
        came = 0
        for block in object_store.blocks(request, found, first, behind):
            writer.write(block)
            if sums:
                sums.update(block)
            came += len(block)
        if came != behind - first:
            raise S3Error(409, "OperationAborted", "The source was changed while it was copied.")
    return writer.finish()
