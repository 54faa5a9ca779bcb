"""Sends requests to a cloud's object store as the front does: changes go to the streams, and files are read from the
path in the API's reply."""

import asyncio
from pathlib import Path
from typing import Any

import falcon.testing

from kumoi.engines.objects.interface import ObjectStore
from tests.cloud import PROJECT
from tests.replies import CheckedStreams

ROOT = "/object-store/v1"
ACCOUNT = f"{ROOT}/AUTH_{PROJECT}"
CHANGES = ("PUT", "POST", "DELETE", "COPY")


def streamed(cloud: Any, method: str, url: str, headers: dict[str, str], **more: Any) -> Any:
    async def send() -> Any:
        async with falcon.testing.ASGIConductor(CheckedStreams(cloud.api)) as client:
            return await client.simulate_request(method, url, headers=headers, **more)

    # its own loop and threads: those of falcon's client would survive it, and be missing in a forked child
    return asyncio.run(send())


class Answer:
    """`content`: the bytes that a client gets."""

    def __init__(self, response: Any, content: bytes) -> None:
        self.status, self.headers, self.content = response.status_code, response.headers, content

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def json(self) -> Any:
        import json

        return json.loads(self.content)


def file_of(cloud: Any, place: str) -> Path:
    """The file that the front sends."""
    store, below = cloud.engines[ObjectStore], place.removeprefix("/_objects/")
    disk, _, rest = below.removeprefix("disk-").partition("/")
    if not below.startswith("disk-"):
        found: Path = store.path(below.rpartition("/")[2])
        return found
    return Path(store.layout.disks[disk]) / "files" / rest


def ask(cloud: Any, method: str, path: str = "", as_: str | None = "member", **more: Any) -> Answer:
    """`path` below the member's account, or from `/object-store` on."""
    url = path if path.startswith("/object-store") else ACCOUNT + path
    headers = {**({"X-Auth-Token": as_} if as_ else {}), **more.pop("headers", {})}
    if method in CHANGES:
        body = more.get("body", b"")
        if "Transfer-Encoding" not in headers:
            headers.setdefault("Content-Length", str(len(body)))
        response = streamed(cloud, method, url, headers, **more)
        return Answer(response, response.content)
    response = cloud.http.simulate_request(method, url, headers=headers, **more)
    place = response.headers.get("x-accel-redirect")
    if place == "@object_streams":
        response = streamed(cloud, method, url, headers, **more)
    elif place:
        assert place.startswith("/_objects/")
        return Answer(response, file_of(cloud, place).read_bytes())
    return Answer(response, response.content)
