"""Multipart forms (RFC 7578), taken apart as they come."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from kumoi.kernel.errors import BadRequest

MOST_HEAD = 16 << 10
"""Bytes of the headers of a part."""
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))', re.IGNORECASE)
_NAMED = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Part:
    name: str
    filename: str | None
    content_type: str | None


def boundary(content_type: str) -> bytes:
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise BadRequest("Content-Type: the form has no boundary.")
    return (found[1] or found[2]).encode("latin-1")


class Form:
    """`async for part in form.parts(): async for chunk in form.content(): …`; what is not read of a part is passed over."""

    def __init__(self, body: AsyncIterator[bytes], mark: bytes) -> None:
        self._body, self._held, self._end = body, bytearray(b"\r\n"), b"\r\n--" + mark
        self._within = True

    async def _more(self, problem: str) -> None:
        try:
            self._held += await anext(self._body)
        except StopAsyncIteration:
            raise BadRequest(problem) from None

    async def parts(self) -> AsyncIterator[Part]:
        while True:
            async for _ in self.content():
                pass
            while len(self._held) < 2:
                await self._more("The form ends early.")
            if self._held[:2] == b"--":
                return
            while (end := self._held.find(b"\r\n\r\n")) < 0:
                if len(self._held) > MOST_HEAD:
                    raise BadRequest("A part of the form has too many headers.")
                await self._more("A part of the form has no end of its headers.")
            head = self._held[:end].decode("utf-8", "replace")
            del self._held[: end + 4]
            self._within = True
            yield _part(head)

    async def content(self) -> AsyncIterator[bytes]:
        """Of the part that was yielded last; before the first, what stands there."""
        while self._within:
            found = self._held.find(self._end)
            if found >= 0:
                chunk = bytes(self._held[:found])
                del self._held[: found + len(self._end)]
                self._within = False
                if chunk:
                    yield chunk
                return
            keep = len(self._end) - 1
            if len(self._held) > keep:
                chunk = bytes(self._held[:-keep])
                del self._held[:-keep]
                yield chunk
            await self._more("The form ends early.")


def _part(head: str) -> Part:
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head.split("\r\n"))
        if name.strip()
    }
    named = {key.lower(): value for key, value in _NAMED.findall(fields.get("content-disposition", ""))}
    return Part(named.get("name", ""), named.get("filename"), fields.get("content-type"))
