"""Behaviours that Swift's own functional tests expect and no other test here names."""

import hashlib
import json
from typing import Any
from xml.etree import ElementTree

import pytest

from kumoi.kernel.who import Who
from kumoi.services.object_store.accounts import logic as accounts
from tests.cloud import OTHER_PROJECT, PROJECT
from tests.services.object_store.sending import ACCOUNT

OTHERS = f"/object-store/v1/AUTH_{OTHER_PROJECT}"
PARTS = [b"a" * 10, b"b" * 100_000, b"c"]


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture(autouse=True)
def filled(swift: Any) -> None:
    assert swift("PUT", "/c").status == 201
    assert swift("PUT", "/c/o", body=b"object", headers={"X-Object-Meta-Colour": "red"}).status == 201
    for number, data in enumerate(PARTS):
        assert swift("PUT", f"/c/part{number}", body=data).status == 201
    manifest = [*({"path": f"c/part{number}"} for number in range(3)), {"data": "ZGF0YQ=="}]
    assert swift("PUT", "/c/large?multipart-manifest=put", body=json.dumps(manifest).encode()).status == 201


def test_parts_of_a_large_object_have_numbers(swift: Any) -> None:
    whole = b"".join(PARTS) + b"data"
    first = 0
    for number, data in enumerate([*PARTS, b"data"], 1):
        for method in ("GET", "HEAD"):
            got = swift(method, f"/c/large?part-number={number}")
            assert got.status == 206 and got.headers["x-parts-count"] == "4"
            assert got.headers["content-range"] == f"bytes {first}-{first + len(data) - 1}/{len(whole)}"
            assert got.headers["content-length"] == str(len(data))
            assert got.headers["x-manifest-etag"] == swift("HEAD", "/c/large").headers["x-manifest-etag"]
        assert swift("GET", f"/c/large?part-number={number}").content == data
        first += len(data)
    for wrong, status in (("0", 400), ("x", 400), ("-1", 400), ("5", 416), ("9" * 17, 416)):
        refused = swift("GET", f"/c/large?part-number={wrong}")
        assert refused.status == status, wrong
    assert refused.headers["content-range"] == f"bytes */{len(whole)}" and refused.headers["x-parts-count"] == "4"
    assert swift("GET", "/c/o?part-number=7").content == b"object"
    copied = swift("COPY", "/c/large?part-number=2", headers={"Destination": "c/copied"})
    assert copied.status == 201 and swift("GET", "/c/copied").content == PARTS[1]


def test_copies_of_a_range(swift: Any) -> None:
    assert swift("COPY", "/c/o", headers={"Destination": "c/few", "Range": "bytes=1-2"}).status == 201
    assert swift("GET", "/c/few").content == b"bj"
    for wrong, status in (("bytes=0-1,3-4", 400), ("bytes=9-", 416)):
        assert swift("COPY", "/c/o", headers={"Destination": "c/few", "Range": wrong}).status == status


def test_a_manifest_as_clients_see_it(swift: Any) -> None:
    got = swift("GET", "/c/large?multipart-manifest=get")
    assert got.json[3] == {"data": "ZGF0YQ=="} and got.headers["etag"] == md5(got.content)
    head = swift("HEAD", "/c/large?multipart-manifest=get").headers
    assert head["content-type"] == "application/json; charset=utf-8" and head["content-length"] == str(len(got.content))
    raw = swift("GET", "/c/large?multipart-manifest=get&format=raw")
    assert raw.headers["etag"] == md5(raw.content) and raw.headers["content-type"] == "application/octet-stream"
    copied = swift("COPY", "/c/large?multipart-manifest=get", headers={"Destination": "c/again"})
    assert copied.status == 201 and swift("GET", "/c/again").content == swift("GET", "/c/large").content
    listed = {each["name"]: each for each in swift("GET", "/c?format=json").json}
    for key in ("bytes", "slo_etag"):
        assert listed["again"][key] == listed["large"][key]


def test_a_copied_manifest_needs_its_segments_there(swift: Any) -> None:
    assert swift("PUT", f"{OTHERS}/d", as_="other", headers={"X-Container-Write": "*:*"}).status == 201
    headers = {"Destination": "d/copied", "Destination-Account": f"AUTH_{OTHER_PROJECT}"}
    refused = swift("COPY", "/c/large?multipart-manifest=get", headers=headers)
    assert refused.status == 400 and refused.text.count("403 Forbidden") == 3
    assert swift("COPY", "/c/large", headers=headers).status == 201


def test_large_manifests_stay_readable(swift: Any) -> None:
    """Manifests are read as a whole, so they are not stored as files."""
    manifest = [{"data": "eA==" * 1}, *({"path": "c/part0", "range": f"{n % 9}-9"} for n in range(900))]
    assert swift("PUT", "/c/many?multipart-manifest=put", body=json.dumps(manifest).encode()).status == 201
    assert swift("COPY", "/c/many?multipart-manifest=get", headers={"Destination": "c/copied"}).status == 201
    assert swift("GET", "/c/copied").content == swift("GET", "/c/many").content


@pytest.mark.parametrize(
    "segment", [{"path": "/c/large"}, {"path": "c/part0", "teag": "x"}, {"path": "c/part0", "siz_bytes": 1}]
)
def test_manifests_that_are_refused(swift: Any, segment: dict[str, Any]) -> None:
    refused = swift("PUT", "/c/large?multipart-manifest=put", body=json.dumps([segment]).encode())
    assert refused.status == 400
    assert swift("GET", "/c/large").status == 200


def test_an_object_is_one_kind_of_large_object(swift: Any) -> None:
    assert swift("POST", "/c/large", headers={"X-Object-Manifest": "c/part"}).status == 400
    assert swift("GET", "/c/large").content == b"".join(PARTS) + b"data"


def test_links(swift: Any) -> None:
    assert swift("PUT", "/c/link", headers={"X-Symlink-Target": "c/o"}).status == 201
    posted = swift("POST", "/c/link", headers={"X-Object-Meta-Colour": "blue"})
    assert posted.status == 307 and posted.headers["location"] == f"{ACCOUNT}/c/o"
    assert swift("HEAD", "/c/link?symlink=get").headers["x-object-meta-colour"] == "blue"
    assert swift("HEAD", "/c/o").headers["x-object-meta-colour"] == "red"
    assert swift("POST", "/c/link", headers={"X-Symlink-Target": "c/part0"}).status == 400
    static = {"X-Symlink-Target": "c/link", "X-Symlink-Target-Etag": md5(b"object")}
    assert swift("PUT", "/c/static", headers=static).status == 201 and swift("GET", "/c/static").content == b"object"
    assert swift("PUT", "/c/static", headers={**static, "X-Symlink-Target": "c/absent"}).status == 409
    itself = {"X-Symlink-Target": "c/link", "X-Symlink-Target-Etag": md5(b"")}
    assert swift("PUT", "/c/itself", headers=itself).status == 201 and swift("GET", "/c/itself").content == b"object"
    segment = [{"path": "c/static"}, {"path": "c/nested"}]
    assert swift("PUT", "/c/nested", headers={"X-Symlink-Target": "c/large"}).status == 201
    assert swift("PUT", "/c/joined?multipart-manifest=put", body=json.dumps(segment).encode()).status == 201
    assert swift("GET", "/c/joined").content == b"object" + b"".join(PARTS) + b"data"
    listed = {each["name"]: each for each in swift("GET", "/c?format=json").json}["static"]
    assert (listed["symlink_bytes"], listed["symlink_etag"]) == (6, md5(b"object"))
    assert swift("DELETE", "/c/o").status == 204
    broken = swift("GET", "/c/link")
    assert broken.status == 404 and broken.headers["content-location"] == f"{ACCOUNT}/c/o"


def test_a_link_that_is_copied_to_another_account_leads_where_it_led(swift: Any) -> None:
    assert swift("PUT", "/c/link", headers={"X-Symlink-Target": "c/o"}).status == 201
    assert swift("PUT", f"{OTHERS}/c", as_="other", headers={"X-Container-Write": "*:*"}).status == 201
    headers = {"Destination": "c/link", "Destination-Account": f"AUTH_{OTHER_PROJECT}"}
    assert swift("COPY", "/c/link?symlink=get", headers=headers).status == 201
    assert swift("GET", f"{OTHERS}/c/link", as_="admin").content == b"object"
    assert swift("POST", "/c", headers={"X-Container-Read": f"{OTHER_PROJECT}:*"}).status == 204
    assert swift("GET", f"{OTHERS}/c/link", as_="other").content == b"object"


def test_conditions(swift: Any) -> None:
    for headers in ({"If-Match": "x"}, {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}):
        refused = swift("GET", "/c/o", headers=headers)
        assert refused.status == 412 and refused.headers["etag"] == md5(b"object")
    assert swift("PUT", "/c/o", headers={"If-None-Match": "x"}).status == 400
    assert swift("PUT", "/c/o", headers={"If-None-Match": "*"}).status == 412


def test_expiry(swift: Any) -> None:
    assert swift("PUT", "/c/late", headers={"X-Delete-At": "1" * 40}).status == 201
    assert swift("HEAD", "/c/late").headers["x-delete-at"] == "9999999999"
    for header, text, said in (("At", "x", "Non-integer X-Delete-At"), ("At", "1", "X-Delete-At in past")):
        refused = swift("PUT", "/c/late", headers={f"X-Delete-{header}": text})
        assert refused.status == 400 and said in refused.text
    for due, status in (("bad", 400), ("1", 412), ("9999999999", 204)):
        assert swift("DELETE", "/c/late", headers={"X-If-Delete-At": due}).status == status


def test_bulk_deletions_below_an_account_and_as_xml(swift: Any) -> None:
    for path in ("/c", "/c/o", ""):
        assert swift("PUT", "/c/gone").status == 201
        told = swift("DELETE", f"{path}?bulk-delete", body=b"c/gone\nc/absent", headers={"Accept": "application/xml"})
        found = ElementTree.fromstring(told.content)
        assert found.tag == "delete" and found.findtext("number_deleted") == "1"
        assert found.findtext("number_not_found") == "1" and found.find("errors") is not None


def test_the_domain_of_an_accounts_project(swift: Any, store: Any) -> None:
    who = Who("u", project_id=PROJECT, project_domain_id="its domain", roles=frozenset({"member"}))
    store.write(lambda tx: accounts.change(tx, who, f"AUTH_{PROJECT}", {})).result()
    assert swift("HEAD", "").headers["x-account-project-domain-id"] == "its domain"


def test_names_of_metadata_are_shown_as_swift_does(swift: Any) -> None:
    assert "X-Object-Meta-Colour" in [name.title() for name in swift("HEAD", "/c/o").headers]


def test_lists_of_containers_tell_their_policies(swift: Any) -> None:
    (listed,) = swift("GET", "?format=json").json
    assert listed["storage_policy"] == swift("HEAD", "/c").headers["x-storage-policy"]
    assert b"<storage_policy>" in swift("GET", "?format=xml").content
    assert swift("GET", "/c/o", headers={"Range": "bytes=99-"}).headers["accept-ranges"] == "bytes"
