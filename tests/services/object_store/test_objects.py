"""Objects: complete or absent, and their representation for clients."""

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import falcon.testing
import pytest

from kumoi.engines.objects.interface import ObjectStore
from kumoi.kernel import clock, durable
from kumoi.kernel.clock import VirtualClock
from kumoi.services.object_store import limits
from kumoi.services.object_store.objects import uploads
from tests.replies import CheckedStreams
from tests.services.object_store.sending import ACCOUNT

LARGE = bytes(range(256)) * 400


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("data", [b"", b"few bytes", LARGE])
def test_a_life(cloud: Any, swift: Any, data: bytes) -> None:
    assert swift("PUT", "/c/a").status == 404
    assert swift("PUT", "/c").status == 201
    assert swift("PUT", "/c").status == 202
    made = swift(
        "PUT",
        "/c/a/b",
        body=data,
        headers={"Content-Type": "text/x", "X-Object-Meta-Colour": "blau ü".encode().decode("latin-1")},
    )
    assert (made.status, made.headers["etag"]) == (201, md5(data))
    for method in ("GET", "HEAD"):
        got = swift(method, "/c/a/b")
        assert got.status == 200
        assert got.headers["etag"] == md5(data) and got.headers["content-type"] == "text/x"
        assert got.headers["x-object-meta-colour"].encode("latin-1").decode() == "blau ü"
        assert (
            got.headers["x-trans-id"].startswith("tx")
            and "x-timestamp" in got.headers
            and "last-modified" in got.headers
        )
    assert swift("GET", "/c/a/b").content == data
    assert swift("HEAD", "/c/a/b").headers["content-length"] == str(len(data))
    shown = swift("HEAD", "/c").headers
    assert (shown["x-container-object-count"], shown["x-container-bytes-used"]) == ("1", str(len(data)))
    assert swift("DELETE", "/c").status == 409
    assert swift("DELETE", "/c/a/b").status == 204
    assert swift("DELETE", "/c/a/b").status == 404
    assert swift("GET", "/c/a/b").status == 404
    shown = swift("HEAD", "").headers
    assert (shown["x-account-object-count"], shown["x-account-bytes-used"], shown["x-account-container-count"]) == (
        "0",
        "0",
        "1",
    )
    assert swift("DELETE", "/c").status == 204
    assert swift("GET", "/c").status == 404
    assert cloud.audit() == []


@pytest.fixture
def c(swift: Any) -> str:
    assert swift("PUT", "/c").status == 201
    return "/c"


def test_what_goes_wrong_leaves_the_old_object(cloud: Any, swift: Any, c: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert swift("PUT", "/c/o", body=b"old", headers={"X-Object-Meta-A": "1"}).status == 201
    for size in (10, len(LARGE)):
        body = LARGE[:size]
        assert swift("PUT", "/c/o", body=body, headers={"ETag": md5(b"other")}).status == 422
        assert swift("PUT", "/c/o", body=body, headers={"If-None-Match": "*"}).status == 412
        assert swift("PUT", "/c/o", body=body, headers={"X-Object-Meta-B": "x" * 257}).status == 400
        assert swift("PUT", "/c/o", body=body, headers={"X-Delete-At": "5"}).status == 400
        with monkeypatch.context() as patched:
            patched.setattr(limits, "MOST_BYTES", size - 1)
            assert swift("PUT", "/c/o", body=body).status == 413
            assert swift("PUT", "/c/o", body=body, headers={"Transfer-Encoding": "chunked"}).status == 413
    got = swift("GET", "/c/o")
    assert got.content == b"old" and got.headers["x-object-meta-a"] == "1"
    assert swift("HEAD", "/c").headers["x-container-bytes-used"] == "3"
    assert cloud.audit() == []
    store = cloud.engines[ObjectStore]
    assert store.tidy() == []
    assert [path for path in store.folder.rglob("*") if path.is_file() and path.stem != "index"] == []


def test_a_full_disk_is_said(cloud: Any, swift: Any, store: Any, c: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(durable, "check_room", full)
    store.full = True
    for body in (b"few", LARGE):
        refused = swift("PUT", "/c/o", body=body)
        assert refused.status == 507 and "full" in refused.text
    monkeypatch.undo()
    store.full = False
    assert swift("GET", "/c/o").status == 404


@pytest.mark.parametrize("data", [b"0123456789", LARGE])
def test_conditions(swift: Any, c: str, data: bytes) -> None:
    etag = swift("PUT", "/c/o", body=data).headers["etag"]
    date = swift("HEAD", "/c/o").headers["last-modified"]
    old, future = "Thu, 01 Jan 2015 00:00:00 GMT", "Thu, 01 Jan 2099 00:00:00 GMT"
    for header, value, status in [
        ("If-Match", etag, 200), ("If-Match", f'"{etag}"', 200), ("If-Match", "*", 200), ("If-Match", "x", 412),
        ("If-None-Match", etag, 304), ("If-None-Match", f'"x", "{etag}"', 304), ("If-None-Match", "x", 200),
        ("If-None-Match", "*", 304), ("If-Modified-Since", date, 304), ("If-Modified-Since", old, 200),
        ("If-Modified-Since", "nonsense", 200), ("If-Unmodified-Since", date, 200), ("If-Unmodified-Since", old, 412),
        ("If-Unmodified-Since", future, 200),
    ]:  # fmt: skip
        for method in ("GET", "HEAD"):
            got = swift(method, "/c/o", headers={header: value})
            assert got.status == status, (method, header, value, got.text)
        got = swift("GET", "/c/o", headers={header: value})
        assert got.content == data if status == 200 else got.content != data


@pytest.mark.parametrize("streamed", [False, True])
def test_ranges(swift: Any, c: str, streamed: bool) -> None:
    data, more = (LARGE, {"X-Object-Meta-Other": "x"}) if streamed else (b"0123456789", {})
    size = len(data)
    etag = swift("PUT", "/c/o", body=data, headers=more).headers["etag"]
    for text, part in [
        ("bytes=2-4", data[2:5]), ("bytes=-3", data[-3:]), (f"bytes={size - 3}-", data[-3:]), ("bytes=0-0", data[:1]),
        (f"bytes=2-{size * 2}", data[2:]), (f"bytes=-{size * 2}", data),
    ]:  # fmt: skip
        got = swift("GET", "/c/o", headers={"Range": text})
        assert (got.status, got.content) == (206, part), text
        assert got.headers["content-length"] == str(len(part))
    for text in ("bytes=4-2", "lines=1-2", "bytes=a-b", "bytes=", "bytes=--1"):
        assert swift("GET", "/c/o", headers={"Range": text}).status == 200, text
    beyond = swift("GET", "/c/o", headers={"Range": f"bytes={size}-"})
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    several = swift("GET", "/c/o", headers={"Range": "bytes=0-1,-2"})
    boundary = several.headers["content-type"].partition("boundary=")[2]
    assert several.status == 206 and several.headers["content-length"] == str(len(several.content))
    assert several.content.count(b"--" + boundary.encode()) == 3
    assert b"bytes 0-1/%d\r\n\r\n%s\r\n" % (size, data[:2]) in several.content
    assert swift("GET", "/c/o", headers={"Range": "bytes=0-1", "If-Range": "x"}).status == 200
    assert swift("GET", "/c/o", headers={"Range": "bytes=0-1", "If-Range": etag}).status == 206


def test_metadata_is_replaced_by_post(swift: Any, c: str) -> None:
    first = {"X-Object-Meta-A": "1", "X-Object-Meta-B": "2", "Content-Encoding": "gzip", "Content-Type": "text/x"}
    swift("PUT", "/c/o", body=b"few", headers=first)
    assert swift("POST", "/c/o", headers={"X-Object-Meta-C": "3", "X-Delete-After": "1000"}).status == 202
    got = swift("GET", "/c/o").headers
    assert got["x-object-meta-c"] == "3" and got["content-type"] == "text/x" and "x-delete-at" in got
    assert not {"x-object-meta-a", "x-object-meta-b", "content-encoding"} & {name.lower() for name in got}
    assert swift("POST", "/c/o", headers={"Content-Type": "text/y"}).status == 202
    assert swift("GET", "/c/o").headers["content-type"] == "text/y"
    assert "x-delete-at" not in swift("GET", "/c/o").headers
    assert swift("GET", "/c?format=json").json[0]["content_type"] == "text/y"
    assert swift("POST", "/c/absent").status == 404


@pytest.mark.parametrize("data", [b"few", LARGE])
def test_copies(swift: Any, c: str, data: bytes) -> None:
    swift("PUT", "/other")
    swift("PUT", "/c/o", body=data, headers={"X-Object-Meta-A": "1", "Content-Type": "text/x"})
    made = swift("COPY", "/c/o", headers={"Destination": "other/made ü".replace("ü", "%C3%BC"), "X-Object-Meta-B": "2"})
    assert made.status == 201 and made.headers["x-copied-from"] == "c/o"
    got = swift("GET", "/other/made ü")
    assert got.content == data and got.headers["content-type"] == "text/x"
    assert (got.headers["x-object-meta-a"], got.headers["x-object-meta-b"]) == ("1", "2")
    fresh = {"X-Copy-From": "/c/o", "X-Fresh-Metadata": "true", "X-Object-Meta-B": "3"}
    assert swift("PUT", "/other/fresh", headers=fresh).status == 201
    got = swift("GET", "/other/fresh")
    assert got.content == data and "x-object-meta-a" not in got.headers and got.headers["x-object-meta-b"] == "3"
    assert swift("COPY", "/c/o", headers={"Destination": "c/o", "X-Object-Meta-New": "x"}).status == 201
    assert swift("GET", "/c/o").content == data
    assert swift("COPY", "/c/o").status == 412
    assert swift("COPY", "/c/o", headers={"Destination": "nothing"}).status == 412
    assert swift("COPY", "/c/absent", headers={"Destination": "c/x"}).status == 404
    assert swift("COPY", "/c/o", headers={"Destination": "absent/x"}).status == 404
    assert swift("PUT", "/c/x", body=b"x", headers={"X-Copy-From": "/c/o"}).status == 400


def test_quotas_hold(swift: Any, c: str) -> None:
    assert (
        swift("POST", "/c", headers={"X-Container-Meta-Quota-Bytes": "10", "X-Container-Meta-Quota-Count": "2"}).status
        == 204
    )
    assert swift("PUT", "/c/a", body=b"x" * 11).status == 413
    assert swift("PUT", "/c/a", body=b"x" * 10).status == 201
    assert swift("PUT", "/c/a", body=b"y" * 10).status == 201
    assert swift("PUT", "/c/b", body=b"x").status == 413
    assert swift("PUT", "/c/b").status == 201
    assert swift("PUT", "/c/c").status == 413
    assert swift("POST", "/c", headers={"X-Container-Meta-Quota-Bytes": "many"}).status == 400
    assert swift("POST", "", headers={"X-Account-Meta-Quota-Bytes": "12"}).status == 403
    assert swift("POST", "", as_="admin", headers={"X-Account-Meta-Quota-Bytes": "12"}).status == 204
    swift("PUT", "/d")
    for header in ("X-Account-Quota-Count", "X-Account-Quota-Bytes"):
        assert swift("POST", "", headers={header: "2"}).status == 403
        assert swift("POST", "", as_="admin", headers={header: "many"}).status == 400
        assert swift("POST", "", as_="admin", headers={header: "2"}).status == 204
        assert swift("HEAD", "").headers[header.lower()] == "2"
        assert swift("PUT", "/d/a", body=b"x").status == 413
        assert swift("POST", "", headers={f"X-Remove-{header[2:]}": "x"}).status == 403
        assert swift("POST", "", as_="admin", headers={f"X-Remove-{header[2:]}": "x"}).status == 204
    assert swift("PUT", "/d/a", body=b"xxx").status == 413
    assert swift("COPY", "/c/a", headers={"Destination": "d/a"}).status == 413
    assert swift("PUT", "/d/a", body=b"xx").status == 201


def test_names(swift: Any, c: str) -> None:
    for name in ("/a", "a/", "a//b", "ü/ ?#%", "n" * 1024, "ä" * 512, "a/../b"):
        assert swift("PUT", f"/c/{quote(name)}", body=name.encode()).status == 201, name
        assert swift("GET", f"/c/{quote(name)}").content == name.encode()
        assert swift("GET", "/c").text == f"{name}\n"
        assert swift("DELETE", f"/c/{quote(name)}").status == 204
    assert swift("PUT", f"/c/{'n' * 1025}").status == 400
    assert swift("PUT", f"/{'n' * 257}").status == 400
    assert swift("PUT", "/c/%ff").status == 412


def test_what_expires_is_gone(cloud: Any, swift: Any, c: str) -> None:
    with clock.using(VirtualClock(clock.now())):
        swift("PUT", "/c/o", body=b"few", headers={"X-Delete-After": "10"})
        assert swift("GET", "/c/o").status == 200
        clock.sleep(11)
        assert swift("GET", "/c/o").status == 404
        assert swift("HEAD", "/c").headers["x-container-object-count"] == "1"
        cloud.sweep()
        assert swift("HEAD", "/c").headers["x-container-object-count"] == "0"
        swift("PUT", "/c/o", body=b"few", headers={"X-Delete-After": "10"})
        clock.sleep(5)
        assert swift("DELETE", "/c").status == 409
        clock.sleep(6)
        assert swift("DELETE", "/c").status == 204
        assert swift("HEAD", "").headers["x-account-object-count"] == "0"


@pytest.mark.parametrize(
    "header", ["X-Container-Meta-Quota-Bytes", "X-Container-Meta-Quota-Count", "X-Account-Quota-Count"]
)
def test_what_has_expired_takes_nothing_of_a_quota(swift: Any, c: str, header: str) -> None:
    most = "7" if "Bytes" in header else "1"
    assert swift("POST", "" if "Account" in header else "/c", as_="admin", headers={header: most}).status == 204
    with clock.using(clock.VirtualClock(clock.now())):
        assert swift("PUT", "/c/old", body=b"expires", headers={"X-Delete-After": "10"}).status == 201
        assert swift("PUT", "/c/new", body=b"x").status == 413
        clock.sleep(11)
        assert swift("PUT", "/c/new", body=b"x").status == 201
        assert swift("PUT", "/c/more", body=b"expires").status == 413


def test_racing_puts_pass_no_quota(cloud: Any, swift: Any, c: str) -> None:
    """Each looked before it came, and there was room."""
    swift(
        "POST", "/c", headers={"X-Container-Meta-Quota-Count": "3", "X-Container-Meta-Quota-Bytes": str(3 * len(LARGE))}
    )
    headers = {"X-Auth-Token": "member", "Content-Length": str(len(LARGE))}

    async def race() -> list[int]:
        async with falcon.testing.ASGIConductor(CheckedStreams(cloud.api)) as client:
            puts = (client.simulate_put(f"{ACCOUNT}/c/{n}", headers=headers, body=LARGE) for n in range(8))
            return [answer.status_code for answer in await asyncio.gather(*puts)]

    assert sorted(asyncio.run(race())) == [201] * 3 + [413] * 5
    assert swift("HEAD", "/c").headers["x-container-object-count"] == "3"
    assert cloud.audit() == []


def test_two_writers_of_one_name_end_in_one_of_the_two(cloud: Any, swift: Any, c: str) -> None:
    bodies = [bytes([n]) * (10 + n * 20_000) for n in range(8)]

    async def race() -> None:
        async with falcon.testing.ASGIConductor(CheckedStreams(cloud.api)) as client:
            headers = {"X-Auth-Token": "member"}
            await asyncio.gather(
                *(client.simulate_put(f"{ACCOUNT}/c/o", headers=headers, body=each) for each in bodies)
            )

    asyncio.run(race())
    got = swift("GET", "/c/o")
    assert got.content in bodies and got.headers["etag"] == md5(got.content)
    assert swift("HEAD", "/c").headers["x-container-bytes-used"] == str(len(got.content))
    assert cloud.audit() == []


@pytest.mark.parametrize("sizes", [[1] * 3000, [5, 300_000, 1] * 8, [0, 0, 100], [4 << 20, 7], [40_000] * 90, [33_000]])
def test_bodies_come_in_pieces_of_any_size(store: Any, sizes: list[int]) -> None:
    pieces = [bytes([number % 251]) * size for number, size in enumerate(sizes)]
    held: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    writer = store.begin()
    write = writer.write
    writer.write = lambda *data: (held.append(len(data)), write(*data))
    stored, whole = asyncio.run(uploads.pour(body(), writer)), b"".join(pieces)
    assert (stored.size, stored.etag) == (len(whole), hashlib.md5(whole).hexdigest())
    assert stored.data == whole if stored.place is None else store.path(stored.place).read_bytes() == whole
    # Many pieces are not held apart: each costs memory.
    assert max(held) <= uploads.MOST_PIECES
    writer.discard()
