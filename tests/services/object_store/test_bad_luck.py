"""Disks that are full, read-only or damaged, clocks that jump, clients that stall or go."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kumoi.engines.objects.disk import DiskObjects
from kumoi.engines.objects.interface import ObjectStore
from kumoi.kernel import clock, durable, streams
from kumoi.kernel.clock import VirtualClock
from tests.services.object_store.sending import ACCOUNT, ask
from tests.waits import PATIENCE

LARGE = bytes(range(256)) * 4096
"""A mebibyte."""
KIB, MIB = 1 << 10, 1 << 20
DAY = 24 * 3600.0

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root mounts disks")


@pytest.fixture
def disk(tmp_path: Path, cloud: Any) -> Iterator[Path]:
    """A disk of 16 MiB that has the objects, of which 4 MiB are the reserve."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(mounted)], check=True)
    before = durable.RESERVE
    durable.keep_free(4 * MIB)
    store = cloud.engines[ObjectStore] = DiskObjects(mounted / "objects")
    try:
        yield mounted
    finally:
        durable.keep_free(before)
        store.close()
        subprocess.run(["umount", "-l", str(mounted)], check=True)


@pytest.fixture
def swift(cloud: Any) -> Any:
    return partial(ask, cloud)


def lying(cloud: Any) -> list[str]:
    store = cloud.engines[ObjectStore]
    return sorted(path.name for path in [*store.files.glob("*/*"), *store.incoming.iterdir()])


def settled(cloud: Any) -> None:
    """The notes of kept uploads go in a moment of real time."""
    cloud.engines[ObjectStore]._settler.close()


@needs_root
def test_a_disk_is_filled_and_freed(cloud: Any, swift: Any, disk: Path) -> None:
    with clock.using(VirtualClock()):
        assert swift("PUT", "/c").status == 201
        assert swift("PUT", "/c/few", body=b"few").status == 201
        statuses = [swift("PUT", f"/c/{number}", body=LARGE).status for number in range(16)]
        kept = statuses.count(201)
        assert 8 <= kept <= 12 and set(statuses) == {201, 507}
        refused = swift("PUT", "/c/0", body=LARGE[::-1])
        assert refused.status == 507 and "full" in refused.text
        durable.keep_free(8 * MIB)
        for path, body in (("/c/few", b"other"), ("/more", b"")):
            refused = swift("PUT", path, body=body)
            assert refused.status == 507 and "full" in refused.text, path
        assert swift("GET", "/c/0").content == LARGE and swift("GET", "/c/few").content == b"few"
        assert swift("HEAD", "/c").headers["x-container-object-count"] == str(kept + 1)
        settled(cloud)
        assert len(lying(cloud)) == kept
        # What removes may use the reserve.
        assert swift("DELETE", "/c/0").status == 204
        assert swift("DELETE", "/c/few").status == 204
        clock.sleep(60)
        cloud.engines[ObjectStore].tidy()
        assert len(lying(cloud)) == kept - 1
        durable.keep_free(4 * MIB)
        assert swift("PUT", "/c/again", body=LARGE).status == 201
        assert cloud.audit() == []


@needs_root
def test_a_disk_without_any_room_refuses_and_harms_nothing(cloud: Any, swift: Any, disk: Path) -> None:
    assert swift("PUT", "/c").status == 201
    assert swift("PUT", "/c/o", body=b"old").status == 201
    durable.keep_free(0)
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        file.writelines(LARGE[: 4 * KIB] for _ in range(5000))
    for body in (b"new", LARGE):
        refused = swift("PUT", "/c/o", body=body)
        assert refused.status == 507 and "full" in refused.text
    assert swift("GET", "/c/o").content == b"old" and lying(cloud) == []
    filler.unlink()
    assert swift("PUT", "/c/o", body=LARGE).status == 201
    assert swift("GET", "/c/o").content == LARGE
    assert cloud.audit() == []


@needs_root
def test_a_disk_that_becomes_read_only(cloud: Any, swift: Any, disk: Path) -> None:
    assert swift("PUT", "/c").status == 201
    for name, body in (("few", b"few"), ("many", LARGE)):
        assert swift("PUT", f"/c/{name}", body=body).status == 201
    settled(cloud)
    cloud.engines[ObjectStore].close()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    store = cloud.engines[ObjectStore] = DiskObjects(disk / "objects")
    try:
        for method, path, body in (("PUT", "/c/new", b"x"), ("PUT", "/c/many", LARGE), ("DELETE", "/c/few", b"")):
            refused = swift(method, path, body=body)
            assert refused.status == 503 and "Nothing was changed" in refused.text, f"{method} {path}: {refused.text}"
        assert store.folder.is_dir()
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert swift("GET", "/c/few").content == b"few" and swift("GET", "/c/many").content == LARGE
    assert swift("DELETE", "/c/few").status == 204 and cloud.audit() == []


def test_a_folder_in_the_way_is_told(cloud: Any, swift: Any) -> None:
    """Files of 256 folders have to be made; here each is a file."""
    assert swift("PUT", "/c").status == 201
    assert swift("PUT", "/c/o", body=b"old").status == 201
    store = cloud.engines[ObjectStore]
    for number in range(256):
        (store.files / f"{number:02x}").write_bytes(b"")
    refused = swift("PUT", "/c/o", body=LARGE)
    assert refused.status == 503 and "Nothing was changed" in refused.text
    assert swift("GET", "/c/o").content == b"old" and list(store.incoming.iterdir()) == []
    assert {each["problem"] for each in cloud.audit()} == {"its bytes are on the disk, but no object has them"}


def test_what_lies_among_the_uploads_stops_no_sweep(cloud: Any, swift: Any) -> None:
    assert swift("PUT", "/c").status == 201
    store = cloud.engines[ObjectStore]
    (store.incoming / "lost+found").mkdir()
    (store.incoming / ("0" * 32)).write_bytes(b"cut off")
    assert store.tidy() == [f"{'0' * 32}: an upload was cut off"]


def test_bytes_that_cannot_be_read_are_no_fault(cloud: Any, swift: Any) -> None:
    assert swift("PUT", "/c").status == 201
    assert swift("PUT", "/c/o", body=LARGE).status == 201
    store = cloud.engines[ObjectStore]
    (path,) = store.files.glob("*/*")
    path.unlink()
    copied = swift("COPY", "/c/o", headers={"Destination": "c/copy"})
    assert copied.status == 503 and "no data" in copied.text
    assert swift("GET", "/c/copy").status == 404
    assert [each["problem"] for each in cloud.audit()] == ["its bytes are not on the disk"]


@pytest.mark.parametrize("jump", [-400 * DAY, -DAY, -10.0, 10.0, DAY, 400 * DAY])
def test_the_clock_jumps(cloud: Any, swift: Any, jump: float) -> None:
    with clock.using(VirtualClock()):
        begin = clock.now()
        assert swift("PUT", "/c").status == 201
        for name, body in (("few", b"few"), ("many", LARGE)):
            assert swift("PUT", f"/c/{name}", body=body).status == 201
        assert swift("PUT", "/c/many", body=LARGE[::-1]).status == 201
    with clock.using(VirtualClock(begin + round(jump * clock.SECOND))):
        store = cloud.engines[ObjectStore]
        store.tidy()
        assert swift("PUT", "/c/few", body=b"later").status == 201
        assert swift("GET", "/c/few").content == b"later" and swift("GET", "/c/many").content == LARGE[::-1]
        assert swift("POST", "/c/many", headers={"X-Object-Meta-A": "1"}).status == 202
        # Replaced bytes go soon, even if they were replaced in what is now the future.
        for _ in range(2):
            clock.sleep(60)
            store.tidy()
        settled(cloud)
        assert len(lying(cloud)) == 1
        assert swift("DELETE", "/c/many").status == 204
        assert cloud.audit() == []


def test_what_has_expired_comes_back_with_the_clock_until_it_is_swept(cloud: Any, swift: Any) -> None:
    with clock.using(VirtualClock()):
        begin = clock.now()
        assert swift("PUT", "/c").status == 201
        assert swift("PUT", "/c/o", body=b"x", headers={"X-Delete-After": "100"}).status == 201
    with clock.using(VirtualClock(begin + 200 * clock.SECOND)):
        assert swift("GET", "/c/o").status == 404
    with clock.using(VirtualClock(begin)):
        assert swift("GET", "/c/o").status == 200
    with clock.using(VirtualClock(begin + 200 * clock.SECOND)):
        cloud.sweep()
    with clock.using(VirtualClock(begin)):
        assert swift("GET", "/c/o").status == 404 and cloud.audit() == []


class Sender:
    """A client whose body comes as a test wants. `lost`: it goes away after its last chunk."""

    def __init__(self, chunks: list[bytes], *, pause: float = 0.0, lost: bool = False, length: int = MIB) -> None:
        self.chunks, self.pause, self.lost, self.length = list(chunks), pause, lost, length
        self.sent: list[dict[str, Any]] = []
        self.goes_on = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(self.pause)
        if not self.chunks:
            if self.lost:
                return {"type": "http.disconnect"}
            await self.goes_on.wait()
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self.chunks.pop(0), "more_body": True}

    async def note(self, event: dict[str, Any]) -> None:
        self.sent.append(event)

    async def put(self, app: Any, path: str) -> int:
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "PUT",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
            "headers": [(b"host", b"c"), (b"x-auth-token", b"member"), (b"content-length", b"%d" % self.length)],
        }  # fmt: skip
        await asyncio.wait_for(app(scope, self.receive, self.note), PATIENCE)
        return int(self.sent[0]["status"]) if self.sent else 0


def test_a_client_that_sends_a_byte_a_minute_has_an_end(
    cloud: Any, swift: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert swift("PUT", "/c").status == 201
    assert swift("PUT", "/c/o", body=b"old").status == 201
    monkeypatch.setattr(streams, "GRACE_SECONDS", 0.3)

    async def send() -> int:
        return await Sender([b"x"] * 1000, pause=0.02).put(streams.asgi(cloud.api), f"{ACCOUNT}/c/o")

    assert asyncio.run(send()) == 408
    assert swift("GET", "/c/o").content == b"old" and lying(cloud) == [] and cloud.audit() == []


@pytest.mark.parametrize("size", [1, 40 * KIB, len(LARGE)])
def test_an_upload_that_stops_half_way_leaves_the_old_object(cloud: Any, swift: Any, size: int) -> None:
    assert swift("PUT", "/c").status == 201
    assert swift("PUT", "/c/o", body=b"old").status == 201

    async def send() -> int:
        return await Sender([LARGE[:size]], lost=True, length=2 * MIB).put(streams.asgi(cloud.api), f"{ACCOUNT}/c/o")

    assert asyncio.run(send()) in (0, 400)
    assert swift("GET", "/c/o").content == b"old" and lying(cloud) == []
    assert swift("HEAD", "/c").headers["x-container-bytes-used"] == "3" and cloud.audit() == []


def test_open_uploads_are_bounded(cloud: Any, swift: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that keep their uploads open take no memory and no files without end; the next ones are refused."""
    monkeypatch.setattr(streams, "MOST_BODIES", 3)
    assert swift("PUT", "/c").status == 201

    async def send() -> list[int]:
        app = streams.asgi(cloud.api)
        slow = [Sender([LARGE[: 100 * KIB]]) for _ in range(3)]
        open_ones = [asyncio.ensure_future(each.put(app, f"{ACCOUNT}/c/{n}")) for n, each in enumerate(slow)]
        while any(each.chunks for each in slow):
            await asyncio.sleep(0.01)
        late = Sender([LARGE[:10]], lost=True, length=10)
        refused = await late.put(app, f"{ACCOUNT}/c/late")
        headers = dict(late.sent[0]["headers"])
        assert headers[b"retry-after"] == b"1"
        for each in slow:
            each.goes_on.set()
        await asyncio.gather(*open_ones)
        return [refused]

    assert asyncio.run(send()) == [503]
    assert swift("PUT", "/c/late", body=b"x").status == 201
    assert lying(cloud) == [] and cloud.audit() == []
