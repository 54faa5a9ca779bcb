"""The object store of a cloud on fakes, beside what its disk and the rest of the same cloud do in the same minute."""

import os
import time
from pathlib import Path

from bench import large
from bench.client import Client
from bench.cloud import Cloud
from bench.control_plane import Say

FEW = 4096
LISTED = 10_000
MANY = int(os.environ.get("BENCH_OBJECTS", "1000000"))
"""Objects of the large container; a million is written in some ten seconds."""


def measure(say: Say) -> None:
    with Cloud(hypervisor="fake", network="fake") as cloud:
        client = cloud.client
        client.login()
        root = f"/object-store/v1/AUTH_{client.project_id}"
        client.ask("PUT", f"{root}/few")
        say("objects.disk", _syncs(Path(cloud.data)))
        for count in (1, 16):
            say(
                f"objects.token_check.c{count}",
                client.load("/identity/v3/auth/tokens", count, headers={"X-Subject-Token": client.token}),
            )
        for count in (1, 16):
            say(
                f"objects.put_4KiB.c{count}",
                client.load(f"{root}/few", count, lua=_writes(client, f"{root}/few/c{count}")),
            )
        names = client.ask("GET", f"{root}/few?format=json&limit=500")
        for count in (1, 16):
            lua = _reads(client, [f"{root}/few/{each['name']}" for each in names])
            say(f"objects.get_4KiB.c{count}", client.load(f"{root}/few", count, lua=lua))
        large.measure(say, cloud, root)
        for name, number in (("listed", LISTED), ("many", MANY)):
            client.ask("PUT", f"{root}/{name}")
            began = time.perf_counter()
            _fill(cloud.data, f"AUTH_{client.project_id}", name, number)
            say(f"objects.fill_{number}.s", round(time.perf_counter() - began, 1))
            for count in (1, 8):
                path = f"{root}/{name}?format=json&limit=10000"
                say(f"objects.page_of_10000_in_{number}.c{count}", client.load(path, count))
            path = f"{root}/{name}?format=json&limit=10000&prefix=f/&delimiter=/"
            say(f"objects.folders_in_{number}.c1", client.load(path, 1))


def _syncs(folder: Path) -> dict[str, float]:
    """How often a second the disk makes 4 KiB in an existing file durable."""
    path = folder / "bench-sync"
    with path.open("wb") as file:
        file.write(bytes(8 << 20))
        os.fsync(file.fileno())
        data, count, stop = os.urandom(FEW), 0, time.perf_counter() + 3
        while time.perf_counter() < stop:
            os.pwrite(file.fileno(), data, count * FEW % (8 << 20))
            os.fdatasync(file.fileno())
            count += 1
    path.unlink()
    return {"rate": round(count / 3, 1)}


def _writes(client: Client, prefix: str) -> str:
    return f"""
local number, body = 0, string.rep("x", {FEW})
local headers = {{["X-Auth-Token"] = "{client.token}", ["Content-Type"] = "application/octet-stream"}}
local own = tostring(headers):sub(-8)
request = function() number = number + 1
  return wrk.format("PUT", "{prefix}-" .. own .. "-" .. number, headers, body) end"""


def _reads(client: Client, paths: list[str]) -> str:
    listed = ", ".join(f'"{path}"' for path in paths)
    return f"""
local number, paths = 0, {{{listed}}}
local headers = {{["X-Auth-Token"] = "{client.token}"}}
request = function() number = number + 1
  return wrk.format("GET", paths[number % #paths + 1], headers) end"""


def _fill(data: Path, account: str, container: str, number: int) -> None:
    """Through the engine, for clients would take minutes: a tenth of the names in each of ten folders below `f/`."""
    from kumoi.engines.objects.disk import DiskObjects
    from kumoi.engines.objects.interface import Object, Stored, Writing
    from kumoi.kernel.settings import Folder
    from kumoi.services.object_store import listings

    store = DiskObjects(Folder(data).objects)
    stored = Stored(0, "d41d8cd98f00b204e9800998ecf8427e", b"", None)

    def write(tx: Writing, begin: int, end: int) -> None:
        place = tx.container(account, container)
        assert place is not None
        for each in range(begin, end):
            name = f"f/{each * 10 // number}/{each:07}"
            entry = listings.entry(name, stored.etag, 0, "application/octet-stream", tx.now)
            made = Object(
                name=name, size=0, etag=stored.etag, content_type="application/octet-stream", at=tx.now, entry=entry
            )
            tx.put_object(place, made, stored)

    for begin in range(0, number, 2000):
        store.write(lambda tx, begin=begin: write(tx, begin, min(begin + 2000, number))).result()  # type: ignore[misc]
    store.close()
