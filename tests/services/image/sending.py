"""Sends images to a cloud's streams process in the test's own process."""

import asyncio
import struct
from typing import Any

import falcon.testing

from tests.replies import CheckedStreams

IMAGES = "/image/v2/images"
PATCH = "application/openstack-images-v2.1-json-patch"
RAW = b"\x00" * 512 + b"some disk" * 20000


def qcow2(size: int = 1 << 30, backing: bytes = b"") -> bytes:
    """A minimal qcow2 image of `size` bytes. Its header may name a backing file."""
    offset = 104 if backing else 0
    header = struct.pack(
        ">4sIQIIQIIQQIIQ",
        b"QFI\xfb",
        3,
        offset,
        len(backing),
        16,
        size,
        0,
        max(size >> 29, 1),
        3 * 65536,
        65536,
        1,
        0,
        0,
    )
    header += struct.pack(">QQQII", 0, 0, 0, 4, 104) + backing
    return header.ljust(65536, b"\0") + struct.pack(">Q", 2 * 65536).ljust(65536, b"\0") + bytes(2 * 65536)


def create(cloud: Any, as_: str = "member", **values: Any) -> Any:
    body = {"name": "one", "disk_format": "raw", "container_format": "bare", **values}
    return cloud.post(IMAGES, as_=as_, json=body)


def send(cloud: Any, image_id: str, data: bytes, as_: str | None = "member", what: str = "file", **more: Any) -> Any:
    headers = {"Content-Type": "application/octet-stream", **more.pop("headers", {})}
    if as_:
        headers["X-Auth-Token"] = as_

    async def put() -> Any:
        async with falcon.testing.ASGIConductor(CheckedStreams(cloud.api)) as client:
            return await client.simulate_put(f"{IMAGES}/{image_id}/{what}", headers=headers, body=data, **more)

    # its own loop and threads: those of falcon's client would survive it, and be missing in a forked child
    return asyncio.run(put())


def ready(cloud: Any, data: bytes = RAW, **values: Any) -> str:
    """The id of an active image."""
    image_id = str(create(cloud, **values).json["id"])
    assert send(cloud, image_id, data, as_=values.get("as_", "member")).status_code == 204
    return image_id


def patch(cloud: Any, image_id: str, *changes: dict[str, Any], as_: str = "member", kind: str = PATCH) -> Any:
    import json

    return cloud.patch(f"{IMAGES}/{image_id}", as_=as_, body=json.dumps(list(changes)), headers={"Content-Type": kind})
