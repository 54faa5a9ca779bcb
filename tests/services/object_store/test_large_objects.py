"""Large objects: manifests and prefixes whose segments are read as one."""

import hashlib
import json
from typing import Any

import pytest

ONE, TWO = b"0123456789" * 5000, b"abcdef"
WHOLE = ONE + TWO


def md5(*data: bytes) -> str:
    return hashlib.md5(b"".join(data), usedforsecurity=False).hexdigest()


@pytest.fixture
def segments(swift: Any) -> None:
    for path, body in (("/c", b""), ("/s", b""), ("/s/1", ONE), ("/s/2", TWO)):
        assert swift("PUT", path, body=body).status == 201


def manifest(swift: Any, *wanted: dict[str, Any], path: str = "/c/whole", **more: Any) -> Any:
    return swift("PUT", f"{path}?multipart-manifest=put", body=json.dumps(wanted).encode(), **more)


def test_a_static_one(cloud: Any, swift: Any, segments: None) -> None:
    etag = md5(md5(ONE).encode(), md5(TWO).encode())
    one = {"path": "/s/1", "etag": md5(ONE), "size_bytes": len(ONE)}
    made = manifest(swift, one, {"path": "s/2"}, headers={"X-Object-Meta-A": "1", "Content-Type": "text/x"})
    assert (made.status, made.headers["etag"]) == (201, f'"{etag}"')
    for method in ("HEAD", "GET"):
        got = swift(method, "/c/whole")
        assert (got.status, got.headers["etag"], got.headers["content-length"]) == (200, f'"{etag}"', str(len(WHOLE)))
        assert got.headers["x-static-large-object"] == "True" and got.headers["content-type"] == "text/x"
        assert not [name for name in got.headers if "sysmeta" in name]
    assert swift("GET", "/c/whole").content == WHOLE
    edge = len(ONE)
    part = swift("GET", "/c/whole", headers={"Range": f"bytes={edge - 2}-{edge + 1}"})
    assert (part.status, part.content) == (206, b"89ab")
    several = swift("GET", "/c/whole", headers={"Range": f"bytes=0-1,{edge - 1}-{edge}"})
    assert b"\r\n\r\n01\r\n" in several.content and b"\r\n\r\n9a\r\n" in several.content
    assert swift("GET", "/c/whole", headers={"If-None-Match": f'"{etag}"'}).status == 304
    shown = swift("GET", "/c/whole?multipart-manifest=get")
    assert [(each["name"], each["bytes"], each["hash"]) for each in shown.json] == [
        ("/s/1", len(ONE), md5(ONE)), ("/s/2", len(TWO), md5(TWO)),
    ]  # fmt: skip
    assert swift("GET", "/c/whole?multipart-manifest=get&format=raw").json[0] == one
    (listed,) = swift("GET", "/c?format=json").json
    assert (listed["bytes"], listed["slo_etag"]) == (len(WHOLE), f'"{etag}"')
    assert swift("POST", "/c/whole", headers={"X-Object-Meta-B": "2"}).status == 202
    assert swift("GET", "/c/whole").content == WHOLE
    assert swift("COPY", "/c/whole", headers={"Destination": "c/flat"}).status == 201
    flat = swift("GET", "/c/flat")
    assert flat.content == WHOLE and "x-static-large-object" not in flat.headers
    assert swift("COPY", "/c/whole?multipart-manifest=get", headers={"Destination": "c/same"}).status == 201
    assert swift("GET", "/c/same").headers["x-static-large-object"] == "True"
    assert swift("GET", "/c/same").content == WHOLE
    gone = swift("DELETE", "/c/whole?multipart-manifest=delete", headers={"Accept": "application/json"})
    assert gone.json["Number Deleted"] == 3 and gone.json["Errors"] == []
    assert swift("GET", "/s").status == 204
    assert swift("GET", "/c/same").status == 409
    assert cloud.audit() == []


def test_parts_of_segments_nested_and_inline(swift: Any, segments: None) -> None:
    assert (
        manifest(swift, {"path": "s/1", "range": "2-4"}, {"path": "s/2", "range": "-2"}, path="/c/inner").status == 201
    )
    assert swift("GET", "/c/inner").content == b"234ef"
    assert manifest(swift, {"path": "c/inner"}, {"data": "WFla"}, {"path": "c/inner", "range": "1-3"}).status == 201
    assert swift("GET", "/c/whole").content == b"234efXYZ34e"


def test_what_a_manifest_may_not_say(swift: Any, segments: None) -> None:
    for wanted, told in [
        ({"path": "s/absent"}, "404"), ({"path": "s/1", "etag": "x"}, "Etag Mismatch"),
        ({"path": "s/1", "size_bytes": 3}, "Size Mismatch"), ({"path": "s/1", "range": "9999999-"}, "Unsatisfiable"),
        ({"path": "nothing"}, "/container/object"), ({"data": "?"}, "Base64"), ({}, "/container/object"),
    ]:  # fmt: skip
        refused = manifest(swift, {"path": "s/2"}, wanted)
        assert refused.status == 400 and told in refused.text, refused.text
    assert manifest(swift).status == 400
    assert swift("PUT", "/c/whole?multipart-manifest=put", body=b"no json").status == 400
    assert manifest(swift, {"path": "s/1"}, headers={"ETag": "0" * 32}).status == 422
    assert swift("GET", "/c/whole").status == 404
    assert manifest(swift, {"path": "s/2"}).status == 201
    assert swift("PUT", "/s/2", body=b"others").status == 201
    assert swift("GET", "/c/whole").status == 409


def test_a_dynamic_one(swift: Any, segments: None) -> None:
    assert swift("PUT", "/c/whole", headers={"X-Object-Manifest": "s/"}).status == 400
    for name, body in (("p/1", ONE), ("p/2", TWO), ("q", b"other")):
        swift("PUT", f"/s/{name}", body=body)
    assert swift("PUT", "/c/whole", headers={"X-Object-Manifest": "s/p/"}).status == 201
    got = swift("GET", "/c/whole")
    assert got.content == WHOLE and got.headers["x-object-manifest"] == "s/p/"
    assert got.headers["etag"] == f'"{md5(md5(ONE).encode(), md5(TWO).encode())}"'
    assert swift("HEAD", "/c/whole").headers["content-length"] == str(len(WHOLE))
    swift("PUT", "/s/p/3", body=b"more")
    assert swift("GET", "/c/whole", headers={"Range": "bytes=-6"}).content == b"efmore"
    assert swift("GET", "/c/whole?multipart-manifest=get").content == b""


def test_symbolic_links(swift: Any, segments: None) -> None:
    link = {"X-Symlink-Target": "s/2", "Content-Type": "application/symlink"}
    assert swift("PUT", "/c/link", body=b"x", headers=link).status == 400
    assert swift("PUT", "/c/link", headers=link).status == 201
    got = swift("GET", "/c/link")
    assert got.content == TWO and got.headers["content-location"].endswith("/s/2")
    itself = swift("HEAD", "/c/link?symlink=get").headers
    assert (itself["x-symlink-target"], itself["content-length"]) == ("s/2", "0")
    (listed,) = swift("GET", "/c?format=json").json
    assert listed["symlink_path"].endswith("/s/2") and listed["content_type"] == "application/symlink"
    assert swift("PUT", "/c/broken", headers={"X-Symlink-Target": "s/absent"}).status == 201
    assert swift("GET", "/c/broken").status == 404
    assert swift("PUT", "/c/static", headers={**link, "X-Symlink-Target-Etag": "x"}).status == 409
    assert swift("PUT", "/c/static", headers={**link, "X-Symlink-Target-Etag": md5(TWO)}).status == 201
    assert swift("GET", "/c/static").content == TWO
    swift("PUT", "/s/2", body=b"others")
    assert swift("GET", "/c/static").status == 409 and swift("GET", "/c/link").content == b"others"
    assert swift("PUT", "/c/loop", headers={"X-Symlink-Target": "c/loop"}).status == 400
    for one, other in (("1", "2"), ("2", "1")):
        assert swift("PUT", f"/c/loop{one}", headers={"X-Symlink-Target": f"c/loop{other}"}).status == 201
    assert swift("GET", "/c/loop1").status == 409
    assert swift("DELETE", "/c/link").status == 204 and swift("GET", "/s/2").content == b"others"


def test_versions_as_a_stack(cloud: Any, swift: Any) -> None:
    swift("PUT", "/old")
    assert swift("PUT", "/c", headers={"X-Versions-Location": "old"}).status == 201
    assert swift("HEAD", "/c").headers["x-versions-location"] == "old"
    for body in (b"1", ONE, b"3"):
        assert swift("PUT", "/c/o", body=body).status == 201
    names = swift("GET", "/old").text.split()
    assert len(names) == 2 and all(name.startswith("001o/") for name in names)
    assert swift("GET", f"/old/{names[0]}").content == b"1"
    for content in (ONE, b"1"):
        assert swift("DELETE", "/c/o").status == 204
        assert swift("GET", "/c/o").content == content
    assert swift("DELETE", "/c/o").status == 204
    assert swift("GET", "/c/o").status == 404 and swift("GET", "/old").status == 204
    assert swift("POST", "/c", headers={"X-Remove-Versions-Location": "x"}).status == 204
    swift("PUT", "/c/o", body=b"1")
    swift("PUT", "/c/o", body=b"2")
    assert swift("GET", "/old").status == 204
    assert cloud.audit() == []


def test_versions_for_ever(swift: Any) -> None:
    swift("PUT", "/old")
    assert swift("PUT", "/c", headers={"X-History-Location": "old"}).status == 201
    both = {"X-History-Location": "old", "X-Versions-Location": "old"}
    assert swift("POST", "/c", headers=both).status == 400
    for body in (b"1", b"2"):
        swift("PUT", "/c/o", body=body)
    assert swift("DELETE", "/c/o").status == 204
    assert swift("GET", "/c/o").status == 404
    kept = swift("GET", "/old?format=json").json
    assert [each["bytes"] for each in kept] == [1, 1, 0] and "deleted" in kept[-1]["content_type"]
    swift("DELETE", "/old/" + kept[0]["name"])
    assert swift("POST", "/c", headers={"X-History-Location": "absent"}).status == 204
    swift("PUT", "/c/new", body=b"1")
    assert swift("PUT", "/c/new", body=b"2").status == 412


def test_a_copied_manifest_is_listed_as_what_it_stands_for(swift: Any) -> None:
    swift("PUT", "/c")
    swift("PUT", "/c/part", body=b"0123456789")
    body = b'[{"path": "c/part"}, {"path": "c/part", "range": "0-4"}]'
    assert swift("PUT", "/c/m?multipart-manifest=put", body=body).status == 201
    fresh = {"X-Fresh-Metadata": "true"}
    for target, headers in (("/c/copy", {}), ("/c/fresh", fresh), ("/c/m", fresh)):
        copied = swift("PUT", f"{target}?multipart-manifest=get", headers={"X-Copy-From": "c/m", **headers})
        assert copied.status == 201
    listed = {each["name"]: each for each in swift("GET", "/c?format=json").json}
    etag = swift("HEAD", "/c/m").headers["etag"]
    for name in ("m", "copy", "fresh"):
        assert (listed[name]["bytes"], listed[name]["slo_etag"]) == (15, etag), name
        assert swift("GET", f"/c/{name}").content == b"012345678901234"
    assert swift("POST", "/c/copy", headers={"X-Object-Meta-A": "1", "Content-Type": "text/x"}).status == 202
    assert swift("GET", "/c?format=json&prefix=copy").json[0]["bytes"] == 15
