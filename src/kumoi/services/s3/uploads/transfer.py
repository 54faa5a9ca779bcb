"""Receives parts, and joins them."""

from collections.abc import AsyncIterator

from kumoi.engines.objects.interface import Object, Stored, Writing
from kumoi.kernel.http import Request
from kumoi.services.object_store import facade as object_store
from kumoi.services.object_store.facade import Found, conditions
from kumoi.services.s3.asked import Parameters
from kumoi.services.s3.checksums import Sums
from kumoi.services.s3.errors import S3Error, invalid
from kumoi.services.s3.objects import uploads as objects
from kumoi.services.s3.uploads import logic


async def put_part(
    request: Request, body: AsyncIterator[bytes], bucket: str, key: str, given: Parameters
) -> tuple[Object, dict[str, str]]:
    who, id, number = request.who, given.text("uploadId"), logic.number_of(given)
    upload = object_store.look(request, lambda tx: logic.begun(tx, who, bucket, key, id))
    sum = logic.sum_of(upload)

    def check(size: int) -> None:
        object_store.look(request, lambda tx: logic.may_put_part(tx, who, bucket, key, id, number, size))

    def give(tx: Writing, stored: Stored, sums: dict[str, str]) -> Object:
        return logic.put_part(tx, who, bucket, key, id, number, stored, sums)

    return await objects.receive(request, body, bucket, check, give, [sum[0]] if sum else [])


async def copy_part(request: Request, bucket: str, key: str, given: Parameters) -> tuple[Object, Found]:
    """(the part, its source)."""
    who, id, number = request.who, given.text("uploadId"), logic.number_of(given)
    found = objects.source(request)
    text = request.headers.get("x-amz-copy-source-range")
    first, behind = 0, found.object.size
    if text is not None:
        wanted = conditions.ranges({"range": text}, found.object)
        if len(wanted) != 1:
            raise invalid("x-amz-copy-source-range", "it is not of the form bytes=first-last.")
        first, behind = wanted[0]
        if text.rpartition("-")[2].strip() not in ("", str(behind - 1)):
            raise S3Error(416, "InvalidRange", f"x-amz-copy-source-range: the source has {found.object.size} bytes.")
    object_store.look(request, lambda tx: logic.may_put_part(tx, who, bucket, key, id, number, behind - first))
    sum = logic.sum_of(object_store.look(request, lambda tx: logic.begun(tx, who, bucket, key, id)))
    sums = Sums({}, [sum[0]] if sum else [])
    made = await objects.join(
        request,
        bucket,
        [(found, first, behind)],
        lambda tx, stored: logic.put_part(tx, who, bucket, key, id, number, stored, sums.check()),
        sums,
    )
    return made, found


async def complete(request: Request, raw: bytes, bucket: str, key: str, given: Parameters) -> Object:
    who, id, headers = request.who, given.text("uploadId"), request.headers
    wanted = logic.read_parts(raw)
    if (made := object_store.look(request, lambda tx: logic.completed(tx, who, bucket, key, id))) is not None:
        return made
    found = object_store.look(request, lambda tx: logic.completing(tx, who, bucket, key, id, wanted))
    logic.check_sum(headers, found.said)
    announced = headers.get("x-amz-mp-object-size")
    if announced is not None and announced != str(found.size):
        raise S3Error(400, "InvalidRequest", f"x-amz-mp-object-size: the parts have {found.size} bytes.")
    return await objects.join(
        request,
        bucket,
        [(each, 0, each.object.size) for each in found.parts],
        lambda tx, stored: logic.complete(tx, who, bucket, key, id, headers, wanted, found, stored),
    )
