"""Versions that a container keeps of its objects (`X-Versions-Enabled`)."""

import asyncio
import json
from typing import Any

import falcon.testing
import pytest

from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock
from tests.replies import CheckedStreams
from tests.services.object_store.sending import ACCOUNT

LARGE = bytes(range(256)) * 400
ID = "x-object-version-id"
MARKER = "application/x-deleted;swift_versions_deleted=1"


@pytest.fixture
def kept(swift: Any) -> str:
    assert swift("PUT", "/kept", headers={"X-Versions-Enabled": "true"}).status == 201
    assert swift("HEAD", "/kept").headers["x-versions-enabled"] == "True"
    return "/kept"


def put(swift: Any, path: str, data: bytes = b"x", **headers: str) -> str:
    """The id of the version."""
    made = swift("PUT", path, body=data, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert made.status == 201, made.text
    return str(made.headers.get(ID, "null"))


def versions(swift: Any, container: str = "/kept", **query: Any) -> list[tuple[str, int, str, bool]]:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    got = swift("GET", f"{container}?versions&format=json{more}")
    assert got.status == 200, got.text
    return [
        (each["name"], -1 if each["content_type"] == MARKER else each["bytes"], each["version_id"], each["is_latest"])
        if "name" in each
        else (each["subdir"], 0, "", False)
        for each in got.json
    ]


def switch(swift: Any, on: bool, container: str = "/kept") -> None:
    assert swift("POST", container, headers={"X-Versions-Enabled": str(on)}).status == 204


def test_old_versions_stay(cloud: Any, swift: Any, kept: str) -> None:
    first = put(swift, "/kept/o", LARGE, Content_Type="text/a", X_Object_Meta_Colour="blue")
    second = put(swift, "/kept/o", b"few", Content_Type="text/b")
    third = put(swift, "/kept/o", LARGE + b"x")
    assert first < second < third
    got = swift("GET", "/kept/o")
    assert (got.content, got.headers[ID]) == (LARGE + b"x", third)
    got = swift("GET", f"/kept/o?version-id={first}")
    assert (got.content, got.headers[ID]) == (LARGE, first) and got.headers["content-type"] == "text/a"
    assert got.headers["x-object-meta-colour"] == "blue"
    head = swift("HEAD", f"/kept/o?version-id={second}")
    assert (head.headers["content-length"], head.headers[ID], head.headers["content-type"]) == ("3", second, "text/b")
    part = swift("GET", f"/kept/o?version-id={second}", headers={"Range": "bytes=1-"})
    assert (part.status, part.content) == (206, b"ew")
    assert versions(swift) == [
        ("o", len(LARGE) + 1, third, True), ("o", 3, second, False), ("o", len(LARGE), first, False),
    ]  # fmt: skip
    assert swift("GET", "/kept").text == "o\n"
    assert swift("POST", "/kept/o", headers={"X-Object-Meta-A": "1"}).status == 202
    assert [each[2] for each in versions(swift)] == [third, second, first]
    shown = swift("HEAD", "/kept").headers
    size = 2 * len(LARGE) + 4
    assert (shown["x-container-object-count"], shown["x-container-bytes-used"]) == ("1", str(size))
    shown = swift("HEAD", "").headers
    assert (shown["x-account-object-count"], shown["x-account-bytes-used"]) == ("3", str(size))
    with clock.using(VirtualClock(clock.now())):
        clock.sleep(100)
        cloud.sweep()
    assert swift("GET", f"/kept/o?version-id={first}").content == LARGE
    assert cloud.audit() == []


def test_deletions(cloud: Any, swift: Any, kept: str) -> None:
    first = put(swift, "/kept/o", b"1")
    gone = swift("DELETE", "/kept/o")
    marker = gone.headers[ID]
    assert gone.status == 204 and swift("GET", "/kept/o").status == 404
    again = swift("DELETE", "/kept/o")
    assert again.status == 404 and again.headers[ID] > marker
    for method in ("GET", "HEAD"):
        got = swift(method, f"/kept/o?version-id={marker}")
        assert (got.status, got.headers[ID]) == (404, marker)
    assert versions(swift) == [("o", -1, again.headers[ID], True), ("o", -1, marker, False), ("o", 1, first, False)]
    assert swift("GET", "/kept").status == 204
    for id in (marker, again.headers[ID]):
        removed = swift("DELETE", f"/kept/o?version-id={id}")
        assert removed.status == 204 and removed.headers[ID] == id
        assert removed.headers["x-object-current-version-id"] == "null"
    assert swift("GET", "/kept/o").status == 404
    assert versions(swift) == [("o", 1, first, False)]
    assert swift("DELETE", "/kept").status == 409
    assert swift("DELETE", f"/kept/o?version-id={first}").status == 204
    assert swift("DELETE", f"/kept/o?version-id={first}").status == 404
    assert versions(swift) == [] and swift("DELETE", "/kept").status == 204
    assert cloud.audit() == []


def test_deletion_of_the_current_version_and_of_an_old_one(swift: Any, kept: str) -> None:
    ids = [put(swift, "/kept/o", b"x" * size) for size in (1, 2, 3)]
    removed = swift("DELETE", f"/kept/o?version-id={ids[1]}")
    assert removed.headers["x-object-current-version-id"] == ids[2] and swift("GET", "/kept/o").content == b"xxx"
    assert swift("DELETE", f"/kept/o?version-id={ids[2]}").headers["x-object-current-version-id"] == "null"
    assert swift("GET", "/kept/o").status == 404
    assert versions(swift) == [("o", 1, ids[0], False)]


def test_a_version_is_restored(swift: Any, kept: str) -> None:
    ids = [put(swift, "/kept/o", b"x" * size) for size in (1, 2, 3)]
    restored = swift("PUT", f"/kept/o?version-id={ids[0]}")
    assert (restored.status, restored.headers[ID]) == (201, ids[0])
    assert swift("GET", "/kept/o").content == b"x"
    assert versions(swift) == [("o", 3, ids[2], False), ("o", 2, ids[1], False), ("o", 1, ids[0], True)]
    assert swift("PUT", f"/kept/o?version-id={ids[0]}").status == 201
    assert swift("PUT", f"/kept/o?version-id={ids[0]}", body=b"x").status == 413
    assert swift("PUT", "/kept/o?version-id=0000000001.00000").status == 404
    marker = swift("DELETE", "/kept/o").headers[ID]
    assert swift("PUT", f"/kept/o?version-id={marker}").status == 404
    copied = swift("COPY", f"/kept/o?version-id={ids[1]}", headers={"Destination": "kept/o"})
    assert copied.status == 201 and copied.headers[ID] > marker and swift("GET", "/kept/o").content == b"xx"
    put_copy = swift("PUT", f"/kept/p?version-id={ids[2]}", headers={"X-Copy-From": "kept/o"})
    assert put_copy.status == 201 and swift("GET", "/kept/p").content == b"xxx"


def test_null_versions(cloud: Any, swift: Any) -> None:
    swift("PUT", "/kept")
    put(swift, "/kept/o", LARGE)
    assert ID not in swift("GET", "/kept/o").headers
    assert swift("GET", "/kept/o?version-id=null").headers[ID] == "null"
    assert versions(swift) == [("o", len(LARGE), "null", True)]
    switch(swift, True)
    assert swift("GET", "/kept/o").headers[ID] == "null"
    second = put(swift, "/kept/o", b"22")
    assert versions(swift) == [("o", 2, second, True), ("o", len(LARGE), "null", False)]
    assert swift("GET", "/kept/o?version-id=null").content == LARGE
    switch(swift, False)
    assert swift("HEAD", "/kept").headers["x-versions-enabled"] == "False"
    assert put(swift, "/kept/o", b"333") == "null" and put(swift, "/kept/o", b"4444") == "null"
    assert versions(swift) == [("o", 4, "null", True), ("o", 2, second, False)]
    assert swift("DELETE", "/kept/o").status == 204
    assert versions(swift) == [("o", 2, second, False)] and swift("GET", "/kept/o").status == 404
    assert swift("DELETE", "/kept/o").status == 404
    put(swift, "/kept/o", b"55555")
    assert swift("DELETE", "/kept/o?version-id=null").status == 204
    assert swift("DELETE", "/kept/o?version-id=null").status == 404
    assert swift("HEAD", "/kept").headers["x-container-bytes-used"] == "2"
    assert cloud.audit() == []


def test_pages_of_versions(swift: Any, kept: str) -> None:
    switch(swift, False)
    put(swift, "/kept/b", b"0")
    switch(swift, True)
    ids = [put(swift, f"/kept/{name}") for name in ("a/1", "a/2", "b", "b", "c")]
    whole = versions(swift)
    assert [(each[0], each[2]) for each in whole] == [
        ("a/1", ids[0]), ("a/2", ids[1]), ("b", ids[3]), ("b", ids[2]), ("b", "null"), ("c", ids[4]),
    ]  # fmt: skip
    for reverse in ("false", "true"):
        expected = whole[::-1] if reverse == "true" else whole
        found = versions(swift, limit=1, reverse=reverse)
        while page := versions(swift, limit=1, reverse=reverse, marker=found[-1][0], version_marker=found[-1][2]):
            found += page
        assert found == expected
    assert [each[0] for each in versions(swift, delimiter="/")] == ["a/", "b", "b", "b", "c"]
    assert [each[0] for each in versions(swift, prefix="a/")] == ["a/1", "a/2"]
    assert [each[0] for each in versions(swift, marker="b")] == ["c"]
    assert swift("GET", "/kept?versions&version_marker=null").status == 400
    assert swift("GET", "/kept?versions&marker=b&version_marker=odd").status == 400
    for bad in ("plain", "xml"):
        assert swift("GET", f"/kept?versions&format={bad}").status == 406
    for accept, status in (("text/plain", 406), ("application/xml", 406), ("foo/bar", 406), ("*/*", 200)):
        assert swift("GET", "/kept?versions", headers={"Accept": accept}).status == status
    assert swift("GET", "/kept?versions").status == 200


def test_what_expires_stays_as_a_version(cloud: Any, swift: Any, kept: str) -> None:
    with clock.using(VirtualClock(clock.now())):
        first = put(swift, "/kept/o", LARGE, X_Delete_After="10")
        clock.sleep(11)
        assert swift("GET", "/kept/o").status == 404
        assert swift("GET", f"/kept/o?version-id={first}").content == LARGE
        assert swift("PUT", f"/kept/o?version-id={first}").status == 201
        assert swift("GET", "/kept/o").content == LARGE
        swift("POST", "/kept/o", headers={"X-Delete-After": "10"})
        clock.sleep(11)
        cloud.sweep()
        shown = versions(swift)
        assert [each[1] for each in shown] == [-1, len(LARGE)] and shown[1][2] == first
        got = swift("GET", f"/kept/o?version-id={first}")
        assert got.content == LARGE and "x-delete-at" not in got.headers
        assert swift("HEAD", "/kept").headers["x-container-object-count"] == "0"
        switch(swift, False)
        put(swift, "/kept/null", b"few", X_Delete_After="10")
        clock.sleep(11)
        assert swift("GET", "/kept/null?version-id=null").status == 404
        cloud.sweep()
        assert [each[0] for each in versions(swift)] == ["o", "o"]
    assert cloud.audit() == []


def test_quotas_count_old_versions(cloud: Any, swift: Any, kept: str) -> None:
    swift("POST", "/kept", headers={"X-Container-Meta-Quota-Bytes": "10"})
    first = put(swift, "/kept/o", b"aaaaa")
    put(swift, "/kept/o", b"bbbbb")
    assert swift("PUT", "/kept/o", body=b"c").status == 413
    assert swift("DELETE", f"/kept/o?version-id={first}").status == 204
    put(swift, "/kept/o", b"ccccc")
    switch(swift, False)
    assert swift("PUT", "/kept/o", body=b"d").status == 413
    swift("POST", "/kept", headers={"X-Container-Meta-Quota-Bytes": "12"})
    for _ in range(3):
        put(swift, "/kept/o", b"dd")
    switch(swift, True)
    swift("POST", "/kept", headers={"X-Remove-Container-Meta-Quota-Bytes": "x"})
    assert swift("HEAD", "").headers["x-account-object-count"] == "3"
    swift("POST", "", as_="admin", headers={"X-Account-Quota-Count": "4"})
    put(swift, "/kept/o", b"e")
    assert swift("PUT", "/kept/o", body=b"f").status == 413
    full = swift("DELETE", "/kept/o")
    assert full.status == 413 and "delete marker" in full.text and swift("GET", "/kept/o").content == b"e"
    assert swift("DELETE", "/kept/o?version-id=null").status == 204
    assert swift("DELETE", "/kept/o").status == 204
    assert cloud.audit() == []


def test_refusals(swift: Any, kept: str) -> None:
    swift("PUT", "/plain")
    put(swift, "/plain/o")
    id = put(swift, "/kept/o")
    assert swift("GET", f"/plain/o?version-id={id}").status == 400
    assert swift("POST", f"/kept/o?version-id={id}").status == 400
    for odd in ("odd", "1", "1.2", f"{id}0", "-1.00000"):
        for method in ("GET", "HEAD", "DELETE", "PUT"):
            assert swift(method, f"/kept/o?version-id={odd}").status == 400, odd
    assert swift("GET", "/kept/o?version-id=").status == 200
    assert swift("POST", "/plain", headers={"X-Versions-Enabled": "perhaps"}).status == 400
    for header in ("X-Versions-Location", "X-History-Location"):
        assert swift("POST", "/kept", headers={header: "plain"}).status == 400
        both = {header: "plain", "X-Versions-Enabled": "true"}
        assert swift("PUT", "/both", headers=both).status == 400 and swift("HEAD", "/both").status == 404
        assert swift("POST", "/plain", headers={header: "kept"}).status == 204
        assert swift("POST", "/plain", headers={"X-Versions-Enabled": "true"}).status == 400
        assert swift("POST", "/plain", headers={f"X-Remove-{header[2:]}": "x"}).status == 204
    assert swift("GET", "/object-store/info", as_=None).json["object_versioning"] == {}


def test_old_versions_are_for_the_project_alone(swift: Any, kept: str) -> None:
    id = put(swift, "/kept/o", b"old")
    put(swift, "/kept/o", b"new")
    swift("POST", "/kept", headers={"X-Container-Read": ".r:*,.rlistings", "X-Container-Write": "*:*"})
    assert swift("GET", "/kept/o", as_=None).content == b"new"
    assert swift("GET", f"/kept/o?version-id={id}", as_=None).status == 401
    assert swift("GET", f"/kept/o?version-id={id}", as_="other").status == 403
    assert swift("GET", f"/kept/o?version-id={id}", as_="reader").content == b"old"
    for method in ("DELETE", "PUT"):
        assert swift(method, f"/kept/o?version-id={id}", as_="other").status == 403
        assert swift(method, f"/kept/o?version-id={id}", as_="reader").status == 403
    copy = {"Destination": "kept/p"}
    assert swift("COPY", f"/kept/o?version-id={id}", as_="other", headers=copy).status == 403


def test_an_access_list_opens_no_null_version_that_is_old(swift: Any) -> None:
    swift("PUT", "/kept", headers={"X-Container-Read": ".r:*", "X-Container-Write": "*:*"})
    put(swift, "/kept/o", b"old")
    assert swift("GET", "/kept/o?version-id=null", as_=None).content == b"old"
    switch(swift, True)
    put(swift, "/kept/o", b"new")
    assert swift("GET", "/kept/o?version-id=null", as_=None).status == 401
    for method in ("GET", "HEAD", "DELETE"):
        assert swift(method, "/kept/o?version-id=null", as_="other").status == 403
    assert swift("GET", "/kept/o?version-id=null").content == b"old"


def test_manifests_and_links_have_versions(cloud: Any, swift: Any, kept: str) -> None:
    swift("PUT", "/segments")
    for name in "ab":
        put(swift, f"/segments/{name}", name.encode() * 50_000)
    manifest = [json.dumps([{"path": f"segments/{name}"}]).encode() for name in "ab"]
    first = swift("PUT", "/kept/slo?multipart-manifest=put", body=manifest[0]).headers[ID]
    swift("PUT", "/kept/slo?multipart-manifest=put", body=manifest[1])
    assert swift("GET", "/kept/slo").content == b"b" * 50_000
    got = swift("GET", f"/kept/slo?version-id={first}")
    assert got.content == b"a" * 50_000 and got.headers[ID] == first
    raw = swift("GET", f"/kept/slo?version-id={first}&multipart-manifest=get")
    assert raw.json[0]["name"] == "/segments/a"
    copied = swift("COPY", f"/kept/slo?version-id={first}&multipart-manifest=get", headers={"Destination": "kept/copy"})
    assert copied.status == 201
    done = swift(
        "DELETE", f"/kept/slo?multipart-manifest=delete&version-id={first}", headers={"Accept": "application/json"}
    )
    assert done.json["Number Deleted"] == 2 and len(versions(swift, prefix="slo")) == 1
    assert swift("GET", "/segments/a").status == 404 and swift("GET", "/kept/slo").status == 200
    link = put(swift, "/kept/link", b"", X_Symlink_Target="segments/b")
    put(swift, "/kept/link", b"no link")
    assert swift("GET", f"/kept/link?version-id={link}").content == b"b" * 50_000
    dynamic = put(swift, "/kept/dlo", b"", X_Object_Manifest="segments/b")
    put(swift, "/kept/dlo", b"plain")
    assert swift("GET", f"/kept/dlo?version-id={dynamic}").content == b"b" * 50_000
    assert cloud.audit() == []


def test_other_writers_keep_versions(cloud: Any, swift: Any, kept: str) -> None:
    import io
    import tarfile

    put(swift, "/kept/o", b"1")
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        entry = tarfile.TarInfo("o")
        entry.size = 2
        archive.addfile(entry, io.BytesIO(b"22"))
    assert swift("PUT", "/kept?extract-archive=tar", body=raw.getvalue()).status == 200
    assert swift("POST", "?bulk-delete", body=b"kept/o\nkept/none").text.startswith(
        "Number Deleted: 1\nNumber Not Found: 1"
    )
    assert [each[:2] for each in versions(swift)] == [("none", -1), ("o", -1), ("o", 2), ("o", 1)]
    assert cloud.audit() == []


def test_racing_writers_and_deletions(cloud: Any, swift: Any, kept: str) -> None:
    """Each write is a version, each deletion a marker, and the newest of them is what the name stands for."""
    bodies = [bytes([n]) * (10 + n * 20_000) for n in range(6)]

    async def race() -> list[Any]:
        async with falcon.testing.ASGIConductor(CheckedStreams(cloud.api)) as client:
            headers = {"X-Auth-Token": "member"}
            puts = [client.simulate_put(f"{ACCOUNT}/kept/o", headers=headers, body=each) for each in bodies]
            deletes = [client.simulate_delete(f"{ACCOUNT}/kept/o", headers=headers) for _ in range(3)]
            return await asyncio.gather(*puts[:3], *deletes, *puts[3:])

    answers = asyncio.run(race())
    ids = {answer.headers[ID] for answer in answers}
    shown = versions(swift)
    assert len(ids) == 9 and {each[2] for each in shown} == ids
    assert [each[2] for each in shown] == sorted(ids, reverse=True) and [each[3] for each in shown] == [True] + [
        False
    ] * 8
    assert sorted(each[1] for each in shown) == [-1] * 3 + [len(each) for each in bodies]
    assert swift("GET", "/kept/o").status == (404 if shown[0][1] == -1 else 200)
    assert swift("HEAD", "/kept").headers["x-container-bytes-used"] == str(sum(map(len, bodies)))
    assert cloud.audit() == []


def test_who_may_see_the_names_sees_the_ids_and_reads_no_version(swift: Any, kept: str) -> None:
    """As in Swift, and in S3, where the grant READ of a bucket includes the list of versions."""
    ids = [swift("PUT", "/kept/o", body=data).headers[ID] for data in (b"1", b"2")]
    swift("POST", "/kept", headers={"X-Container-Read": ".r:*"})
    assert swift("GET", "/kept?versions", as_=None).status == 401
    swift("POST", "/kept", headers={"X-Container-Read": ".r:*,.rlistings"})
    for caller in (None, "other"):
        shown = swift("GET", "/kept?versions", as_=caller).json
        assert [each["version_id"] for each in shown] == ids[::-1]
        assert swift("GET", "/kept/o", as_=caller).content == b"2"
        for id in ids:
            assert swift("GET", f"/kept/o?version-id={id}", as_=caller).status in (401, 403)
