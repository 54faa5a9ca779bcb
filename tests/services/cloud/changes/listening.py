"""A client of the stream of changes, in the test's own process."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from kumoi.kernel import streams
from tests.waits import PATIENCE

PATH = "/kumoi/v1/changes"


@dataclass
class Message:
    event: str
    id: str
    data: dict[str, Any] = field(default_factory=dict)


def parsed(text: str) -> Message:
    """A message; of a heartbeat without data."""
    lines = [line.split(": ", 1) for line in text.splitlines()]
    said = {name: value for name, value in lines if name}
    return Message(said.get("event", ""), said.get("id", ""), json.loads(said.get("data", "{}")))


class Listener:
    """`status` and `headers` are there after `begin`."""

    def __init__(self, cloud: Any, as_: str | None, after: str | None = None, query: str | None = None) -> None:
        self.app = streams.asgi(cloud.api)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.began, self.left, self.may_read = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.may_read.set()
        self.came: asyncio.Queue[bytes] = asyncio.Queue()
        self.text = ""
        query = query if query is not None else (f"after={after}" if after is not None else "")
        token = [(b"x-auth-token", as_.encode())] if as_ else []
        self.scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
            "path": PATH, "raw_path": PATH.encode(), "query_string": query.encode(), "root_path": "", "scheme": "http",
            "headers": [(b"host", b"cloud"), *token],
        }  # fmt: skip
        self.asked = False

    async def receive(self) -> dict[str, Any]:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            self.status = event["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in event["headers"]}
            self.began.set()
        else:
            await self.may_read.wait()
            self.came.put_nowait(event.get("body", b""))

    async def next(self, seconds: float = PATIENCE) -> Message:
        """The next message; EOFError if the stream has ended."""
        while "\n\n" not in self.text:
            chunk = await asyncio.wait_for(self.came.get(), seconds)
            if not chunk:
                raise EOFError
            self.text += chunk.decode()
        first, self.text = self.text.split("\n\n", 1)
        return parsed(first)

    async def until(self, key: str) -> list[Message]:
        """Messages up to the first about this id."""
        found = [await self.next()]
        while found[-1].data.get("id") != key:
            found.append(await self.next())
        return found

    async def rest(self) -> list[Message]:
        """Messages up to the end of the stream."""
        found = []
        while True:
            try:
                found.append(await self.next())
            except EOFError:
                return found


@asynccontextmanager
async def listening(cloud: Any, as_: str | None = "member", **more: Any) -> AsyncIterator[Listener]:
    listener = Listener(cloud, as_, **more)
    task = asyncio.create_task(listener.app(listener.scope, listener.receive, listener.send))
    try:
        await asyncio.wait_for(listener.began.wait(), PATIENCE)
        while listener.status == 200 and listener.came.empty() and not task.done():
            await asyncio.sleep(0.001)  # until it is told of everything that changes from now on
        yield listener
    finally:
        listener.left.set()
        listener.may_read.set()
        await asyncio.wait_for(task, PATIENCE)
