"""The body of a signed request: checked against its signature, and taken out of its chunks."""

import hashlib
from collections.abc import AsyncIterator

from kumoi.kernel.errors import ApiError
from kumoi.kernel.http import Request
from kumoi.services.s3.checksums import PREFIX, Sums
from kumoi.services.s3.errors import S3Error, absent, mismatch
from kumoi.services.s3.signatures import UNSIGNED, Proof, chunk_signature, same

SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_CHUNKS_WITH_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
CHUNKS_WITH_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_CHUNKED = (SIGNED_CHUNKS, SIGNED_CHUNKS_WITH_TRAILER, CHUNKS_WITH_TRAILER)
_LONGEST_LINE = 1024
_MOST_TRAILERS = 16
_EMPTY = hashlib.sha256(b"").hexdigest()


def is_chunked(request: Request) -> bool:
    return request.proof.payload in _CHUNKED


def size(request: Request) -> int | None:
    """The announced number of bytes of the object; None: unknown."""
    header = "x-amz-decoded-content-length" if is_chunked(request) else "content-length"
    text = request.headers.get(header)
    if text is None:
        if is_chunked(request) or "transfer-encoding" not in request.headers:
            raise S3Error(411, "MissingContentLength", f"The header {header} is missing.")
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise S3Error(400, "InvalidArgument", f"{header}: {text[:40]!r} is no number of bytes.")
    return int(text)


async def checked(request: Request, body: AsyncIterator[bytes], sums: Sums) -> AsyncIterator[bytes]:
    """The object's bytes. The error of a wrong body comes after its last byte, so nothing may be kept before the end."""
    proof: Proof = request.proof
    if proof.payload.startswith("STREAMING-") and proof.payload not in _CHUNKED:
        raise absent(f"x-amz-content-sha256: {proof.payload[:60]}")
    expected, came = size(request), 0
    whole = None if proof.payload == UNSIGNED or is_chunked(request) else hashlib.sha256()
    bytes_of = _chunks(request, body, proof, sums) if is_chunked(request) else body
    async for data in bytes_of:
        came += len(data)
        sums.update(data)
        if whole:
            whole.update(data)
        yield data
    if whole and not same(whole.hexdigest(), proof.payload):
        raise S3Error(
            400, "XAmzContentSHA256Mismatch", "x-amz-content-sha256: the bytes that came have another SHA-256."
        )
    if expected is not None and came != expected:
        raise S3Error(400, "IncompleteBody", f"{came} bytes came instead of {expected}.")


async def whole(request: Request, body: AsyncIterator[bytes], most: int, *, summed: bool = True) -> bytes:
    """A small body, with its checksums checked. `summed`: the headers `x-amz-checksum-…` are of the body."""
    headers = {name: text for name, text in request.headers.items() if summed or not name.startswith(PREFIX)}
    sums, found = Sums(headers), bytearray()
    announced = size(request) if "content-length" in request.headers or is_chunked(request) else None
    too_large = S3Error(400, "MaxMessageLengthExceeded", f"The body may have at most {most} bytes.")
    if announced is not None and announced > most:
        raise too_large
    async for data in checked(request, body, sums):
        found += data
        if len(found) > most:
            raise too_large
    sums.check()
    return bytes(found)


async def _chunks(request: Request, body: AsyncIterator[bytes], proof: Proof, sums: Sums) -> AsyncIterator[bytes]:
    """Out of the encoding aws-chunked. Each chunk is given out before its signature is checked."""
    rest = _Rest(body)
    signed, before = proof.payload != CHUNKS_WITH_TRAILER, proof.signature
    while True:
        head, _, extension = (await rest.line()).partition(b";")
        try:
            left = int(head.strip(), 16)
        except ValueError:
            left = -1
        if left < 0 or len(head) > 16:
            raise _wrong("the size of a chunk is not hexadecimal")
        last, digest = left == 0, hashlib.sha256()
        while left:
            data = await rest.some(left)
            left -= len(data)
            if signed:
                digest.update(data)
            yield data
        if signed:
            name, _, given = extension.partition(b"=")
            wanted = chunk_signature(proof, "PAYLOAD", before, _EMPTY, digest.hexdigest())
            if name.strip() != b"chunk-signature" or not same(wanted, given.strip().decode("latin-1")):
                raise mismatch("The signature of a chunk does not match.")
            before = wanted
        if last:
            break
        if await rest.line():
            raise _wrong("a chunk is longer than it says")
    await _trailers(rest, proof, sums, before)


async def _trailers(rest: "_Rest", proof: Proof, sums: Sums, before: str) -> None:
    found, signature = b"", ""
    for _ in range(_MOST_TRAILERS):
        line = await rest.line(at_end=True)
        if not line:
            break
        name, _, value = line.partition(b":")
        key, text = name.strip().lower().decode("latin-1"), value.strip().decode("latin-1")
        if key == "x-amz-trailer-signature":
            signature = text
        else:
            found += f"{key}:{text}\n".encode("latin-1")
            sums.wanted[key] = text
    if proof.payload == SIGNED_CHUNKS_WITH_TRAILER:
        wanted = chunk_signature(proof, "TRAILER", before, hashlib.sha256(found).hexdigest())
        if not same(wanted, signature):
            raise mismatch("The signature of the trailer does not match.")
    if await rest.has_more():
        raise _wrong("there are bytes after its end")


class _Rest:
    """What has come of a body and is not used yet."""

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self.body = aiter(body)
        self._held = bytearray()

    async def _more(self) -> bool:
        try:
            self._held += await anext(self.body)
        except StopAsyncIteration:
            return False
        return True

    async def has_more(self) -> bool:
        while not self._held and await self._more():
            pass
        return bool(self._held)

    async def line(self, *, at_end: bool = False) -> bytes:
        """Without its end. `at_end`: the body may end instead."""
        while (end := self._held.find(b"\r\n")) < 0:
            if len(self._held) > _LONGEST_LINE:
                raise _wrong("a line is too long")
            if not await self._more():
                if at_end and not self._held:
                    return b""
                raise _wrong("it ends in the middle")
        found = bytes(self._held[:end])
        del self._held[: end + 2]
        return found

    async def some(self, most: int) -> bytes:
        """Some bytes, at least one."""
        while not self._held:
            if not await self._more():
                raise _wrong("it ends in the middle")
        found = bytes(self._held[:most])
        del self._held[:most]
        return found


def _wrong(problem: str) -> ApiError:
    return S3Error(400, "IncompleteBody", f"The body is not encoded as aws-chunked: {problem}.")
