"""Requests that were made to break the object store, or to pass its limits."""

import bz2
import gzip
import io
import json
import tarfile
import threading
import tracemalloc
from types import SimpleNamespace
from typing import Any

import pytest

from kumoi.kernel.errors import Unavailable
from kumoi.services.object_store import access, limits
from kumoi.services.object_store.bulk import streams as bulk
from kumoi.services.object_store.objects import uploads
from kumoi.services.object_store.objects.segments import Piece
from tests.services.object_store.sending import ACCOUNT
from tests.services.object_store.test_doors import SOON, form, keyed, sign

__all__ = ["keyed"]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/c?limit=%C2%B2", {}),
        ("/c?limit=%20%20%20%20%20%20%20%20%20%20%20%201", {}),
        ("?limit=%C2%B2", {}),
        ("/c/o", {"If-Modified-Since": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}),
        ("/c/o", {"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 +99999999999"}),
        ("/c/o", {"If-Range": "Mon, 01 Jan 2024 00:00:00 -99999999999999999999", "Range": "bytes=0-1"}),
    ],
)
def test_odd_numbers_and_dates_are_passed_over(swift: Any, path: str, headers: dict[str, str]) -> None:
    swift("PUT", "/c")
    swift("PUT", "/c/o", body=b"bytes")
    assert swift("GET", path, headers=headers).status in (200, 204)


def test_a_referer_that_is_no_address_is_unknown(swift: Any) -> None:
    swift("PUT", "/c", headers={"X-Container-Read": ".r:.example.org"})
    swift("PUT", "/c/o", body=b"bytes")
    assert swift("GET", "/c/o", as_=None, headers={"Referer": "http://a.example.org/"}).status == 200
    assert swift("GET", "/c/o", as_=None, headers={"Referer": "http://[a.example.org/"}).status == 401
    assert not access._referred("http://[", ("a",))


def test_a_range_of_a_segment_with_too_many_digits_is_refused(swift: Any) -> None:
    swift("PUT", "/c")
    swift("PUT", "/c/o", body=b"bytes")
    for text in ("0-" + "9" * 5000, "9" * 5000 + "-"):
        body = json.dumps([{"path": "c/o", "range": text}]).encode()
        assert swift("PUT", "/c/m?multipart-manifest=put", body=body).status == 400


def test_nested_manifests_do_not_multiply_without_end(swift: Any) -> None:
    swift("PUT", "/c")
    swift("PUT", "/c/0", body=b"x")
    for level, count in enumerate((100, 100)):
        body = json.dumps([{"path": f"c/{level}"}] * count).encode()
        assert swift("PUT", f"/c/{level + 1}?multipart-manifest=put", body=body).status == 201
    assert swift("HEAD", "/c/2").headers["content-length"] == "10000"
    body = json.dumps([{"path": "c/2"}] * 100).encode()
    refused = swift("PUT", "/c/3?multipart-manifest=put", body=body)
    assert refused.status == 400 and "1010100 segments" in refused.text
    assert swift("HEAD", "/c/3").status == 404


def form_with(parts: list[str]) -> bytes:
    return "".join(f"--B\r\nContent-Disposition: form-data; {part}\r\n" for part in parts).encode() + b"--B--\r\n"


def test_a_form_changes_its_signed_limits_no_more(swift: Any, keyed: None) -> None:
    limits = ["", 2, 1, SOON]
    signature = sign(f"{ACCOUNT}/c/up-", *limits)
    said = zip(
        ("redirect", "max_file_size", "max_file_count", "expires", "signature"), [*limits, signature], strict=True
    )
    fields = [f'name="{name}"\r\n\r\n{value}' for name, value in said]
    files = [f'name="file"; filename="{name}"\r\n\r\n{data}' for name, data in (("one", "1"), ("two", "12345"))]
    more = ['name="max_file_size"\r\n\r\n100', 'name="max_file_count"\r\n\r\n100']
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    for between in (more, ['name="max_file_count"\r\n\r\nmany']):
        body = form_with([*fields, files[0], *between, files[1]])
        answer = swift("POST", "/c/up-", as_=None, body=body, headers=headers)
        assert (answer.status, "max file count exceeded" in answer.text) == (400, True)
    assert swift("GET", "/c/up-two").status == 404


@pytest.mark.parametrize("field", ["max_file_size", "max_file_count", "expires"])
@pytest.mark.parametrize("text", ["²", "9" * 5000])
def test_odd_numbers_in_a_form_are_refused(swift: Any, keyed: None, field: str, text: str) -> None:
    body, headers = form({"x": b"x"}, **{field: text})
    assert swift("POST", "/c/up-", as_=None, body=body, headers=headers).status == 400


def test_a_form_has_a_bounded_number_of_fields(swift: Any, keyed: None) -> None:
    body = form_with([f'name="{number}"\r\n\r\n' for number in range(200)])
    refused = swift("POST", "/c/", as_=None, body=body, headers={"Content-Type": "multipart/form-data; boundary=B"})
    assert refused.status == 400 and "fields" in refused.text


def archive(*entries: tuple[str, bytes], **options: Any) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", **options) as made:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return file.getvalue()


def extract(swift: Any, body: bytes, format: str = "tar") -> Any:
    told = swift("PUT", f"?extract-archive={format}", body=body, headers={"Accept": "application/json"})
    assert told.status == 200, told.text
    return told.json


def test_a_cut_archive_leaves_the_old_object(swift: Any) -> None:
    swift("PUT", "/c")
    swift("PUT", "/c/o", body=b"old")
    told = extract(swift, archive(("c/o", b"n" * 100_000))[:60_000])
    assert told["Response Status"] == "400 Bad Request" and told["Number Files Created"] == 0
    assert swift("GET", "/c/o").content == b"old"


def test_names_in_archives_that_are_no_text_are_refused_by_name(swift: Any) -> None:
    made = archive(("c/b\udcff", b"x"), ("d\udcff/b", b"x"), ("c/good", b"x"), format=tarfile.GNU_FORMAT)
    told = extract(swift, made)
    assert told["Number Files Created"] == 1
    assert [problem for _, problem in told["Errors"]] == ["412 Precondition Failed"] * 2
    assert swift("GET", "").text == "c\n" and swift("GET", "/c").text == "good\n"


def test_archives_that_expand_take_little_memory(swift: Any) -> None:
    info = tarfile.TarInfo("c/o")
    info.size = 64 << 20
    bomb = bz2.compress(info.tobuf() + b"\0" * info.size + b"\0" * 1024)
    assert len(bomb) < 10_000
    swift("PUT", "/c", headers={"X-Container-Meta-Quota-Bytes": "10"})
    tracemalloc.start()
    told = extract(swift, bomb, "tar.bz2")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told["Errors"] == [["c/o", "413 Request Entity Too Large"]]
    assert peak < 20 << 20


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_headers_in_archives_are_bounded(swift: Any, kind: bytes) -> None:
    long, small = tarfile.TarInfo("x"), tarfile.TarInfo("x")
    long.type = small.type = kind
    long.size = 2 << 20
    assert "Invalid Tar File" in extract(swift, long.tobuf() + b"\0" * long.size)["Response Body"]
    assert "Invalid Tar File" in extract(swift, small.tobuf() * 3000)["Response Body"]


@pytest.mark.parametrize("format", ["tar.gz", "tar.bz2"])
def test_archives_that_are_damaged_are_refused(swift: Any, format: str) -> None:
    pack: Any = {"tar.gz": gzip.compress, "tar.bz2": bz2.compress}[format]
    body = bytearray(pack(archive(("c/o", bytes(range(256)) * 400))))
    body[len(body) // 2] ^= 0xFF
    body[len(body) // 2 + 9] ^= 0xFF
    told = extract(swift, bytes(body), format)
    assert told["Response Status"] == "400 Bad Request"


def test_the_list_of_what_is_to_go_is_split_at_newlines_only(swift: Any) -> None:
    swift("PUT", "/c")
    for name in ("a", "a%E2%80%A8b", "a%C2%85b"):
        assert swift("PUT", f"/c/{name}", body=b"x").status == 201
    swift("PUT", "/b")
    told = swift("POST", "?bulk-delete", body="c/a\u2028b\r\nc/a\u0085b\n".encode())
    assert told.text.startswith("Number Deleted: 2\nNumber Not Found: 0")
    assert swift("GET", "/c").text == "a\n" and swift("HEAD", "/b").status == 204


def test_old_versions_count_in_quotas(cloud: Any, swift: Any) -> None:
    swift("PUT", "/old", headers={"X-Container-Meta-Quota-Bytes": "25"})
    swift("PUT", "/c", headers={"X-Versions-Location": "old"})
    assert [swift("PUT", "/c/o", body=b"0123456789").status for _ in range(4)] == [201, 201, 201, 413]
    assert swift("HEAD", "/old").headers["x-container-bytes-used"] == "20"
    swift("POST", "/old", headers={"X-Container-Meta-Quota-Bytes": "", "X-Container-Meta-Quota-Count": "2"})
    assert swift("PUT", "/c/o", body=b"1").status == 413
    swift("POST", "/old", headers={"X-Remove-Container-Meta-Quota-Count": "x"})
    assert swift("POST", "", as_="admin", headers={"X-Account-Meta-Quota-Bytes": "35"}).status == 204
    assert swift("PUT", "/c/o", body=b"0123456789").status == 413
    assert swift("PUT", "/c/o", body=b"01234").status == 201
    assert swift("HEAD", "").headers["x-account-bytes-used"] == "35"
    assert swift("GET", "/c/o").content == b"01234"
    assert cloud.audit() == []


def test_no_old_version_gets_a_name_that_nobody_can_reach(swift: Any) -> None:
    swift("PUT", "/old")
    swift("PUT", "/c", headers={"X-History-Location": "old"})
    name = "n" * 1020
    assert swift("PUT", f"/c/{name}", body=b"1").status == 201
    assert swift("PUT", f"/c/{name}", body=b"2").status == 400
    assert swift("DELETE", f"/c/{name}").status == 400
    assert swift("GET", f"/c/{name}").content == b"1"


def test_archives_that_wait_for_their_clients_leave_copies_alone(swift: Any) -> None:
    swift("PUT", "/c")
    swift("PUT", "/c/o", body=b"bytes")
    came = threading.Event()
    waiting = [bulk.ARCHIVES.submit(came.wait, 60) for _ in range(8)]
    try:
        assert swift("COPY", "/c/o", headers={"Destination": "c/p"}).status == 201
        assert extract(swift, archive(("c/q", b"x")))["Number Files Created"] == 1
    finally:
        came.set()
    assert all(each.result() for each in waiting)


def test_headers_of_objects_are_bounded(swift: Any) -> None:
    swift("PUT", "/c")
    for header in ("Content-Type", "Content-Disposition", "Cache-Control"):
        assert swift("PUT", "/c/o", headers={header: "x" * 8193}).status == 400
    assert swift("PUT", "/c/o", headers={"Content-Type": "x" * 8192}).status == 201


def test_a_copy_is_as_bounded_as_an_upload(swift: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_BYTES", 100)
    swift("PUT", "/c")
    swift("PUT", "/c/o", body=b"x" * 60)
    assert swift("PUT", "/c/m?multipart-manifest=put", body=b'[{"path": "c/o"}, {"path": "c/o"}]').status == 201
    assert swift("COPY", "/c/m", headers={"Destination": "c/p"}).status == 413
    assert swift("PUT", "/c/p", headers={"X-Copy-From": "c/m"}).status == 413
    assert swift("HEAD", "/c/p").status == 404


def test_a_form_that_is_not_signed_redirects_nowhere(swift: Any, keyed: None) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    body = form_with(['name="redirect"\r\n\r\nhttp://evil.example/', 'name="file"; filename="x"\r\n\r\nx'])
    assert swift("POST", "/c/up-", as_=None, body=body, headers=headers).status == 400


def test_a_download_mixes_no_versions(swift: Any, store: Any) -> None:
    """The bytes of a small segment are read when their turn comes; another object may have its name by then."""
    swift("PUT", "/c")
    swift("PUT", "/c/o", body=b"old")

    def piece(tx: Any) -> Piece:
        where = tx.container(ACCOUNT.rpartition("/")[2], "c")
        return Piece(0, 3, where, tx.object(where, "o"))

    before = store.read(piece)
    request: Any = SimpleNamespace(engine=lambda protocol: store)
    assert list(uploads.read(request, before)) == [b"old"]
    for new in (b"new", b"x" * 100_000):
        swift("PUT", "/c/o", body=new)
        with pytest.raises(Unavailable):
            uploads.read(request, before)
    swift("DELETE", "/c/o")
    with pytest.raises(Unavailable):
        uploads.read(request, before)


@pytest.mark.parametrize(
    "path",
    [
        "/object-store/v1//c",
        "/object-store/v1//c/o",
        f"{ACCOUNT}//o",
        f"{ACCOUNT}/c%00",
        f"{ACCOUNT}/%2E%2E/o",
        f"{ACCOUNT}/c/%00",
        f"{ACCOUNT}/c/",
        f"{ACCOUNT}/c/%FF",
        f"{ACCOUNT}/",
        f"{ACCOUNT}/c%2Fd/e",
    ],
)
def test_odd_names_are_refused_or_kept(cloud: Any, swift: Any, path: str) -> None:
    swift("PUT", "/c")
    for who in ("member", "admin"):
        for method in ("PUT", "GET", "HEAD", "POST", "DELETE", "COPY"):
            answer = swift(method, path, as_=who, headers={"Destination": "c/x"})
            assert answer.status < 500
    assert all(name for name in swift("GET", "").text.splitlines())
    assert cloud.audit() == []


def test_a_manifest_with_deep_brackets_is_refused(swift: Any) -> None:
    swift("PUT", "/c")
    assert swift("PUT", "/c/m?multipart-manifest=put", body=b"[" * 100_000).status == 400
    assert swift("PUT", "/c/m?multipart-manifest=put", body=b'[{"x": ' + b"[" * 100_000).status == 400


@pytest.mark.parametrize("signed", ["/c", "/c/"])
def test_a_form_for_a_container_is_signed_with_its_slash_or_without(swift: Any, keyed: None, signed: str) -> None:
    limits = ["", 2, 1, SOON]
    said = zip(
        ("redirect", "max_file_size", "max_file_count", "expires", "signature"),
        [*limits, sign(f"{ACCOUNT}{signed}", *limits)],
        strict=True,
    )
    body = form_with([*(f'name="{name}"\r\n\r\n{value}' for name, value in said), 'name="file"; filename="x"\r\n\r\n1'])
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    assert swift("POST", "/c/", as_=None, body=body, headers=headers).status == 201
    assert swift("GET", "/c/x").content == b"1"
