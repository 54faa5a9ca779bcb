"""Containers and accounts: lists, metadata, and permissions."""

from dataclasses import replace
from typing import Any

import pytest

from kumoi.kernel.who import Who
from kumoi.services.object_store import access
from kumoi.services.object_store.accounts import logic as accounts
from tests.cloud import CALLERS, OTHER_PROJECT, PROJECT
from tests.services.object_store.sending import ROOT

OTHERS = f"{ROOT}/AUTH_{OTHER_PROJECT}"


@pytest.fixture
def filled(swift: Any) -> None:
    swift("PUT", "/c")
    for name in ("a", "b/1", "b/2", "<&>"):
        assert swift("PUT", f"/c/{name}", body=b"x").status == 201


def test_lists_of_objects(swift: Any, filled: None) -> None:
    assert swift("GET", "/c").text == "<&>\na\nb/1\nb/2\n"
    assert swift("GET", "/c").headers["content-type"] == "text/plain; charset=utf-8"
    shown = swift("GET", "/c?format=json&prefix=a").json
    (one,) = shown
    assert set(one) == {"name", "hash", "bytes", "content_type", "last_modified"}
    assert (one["name"], one["bytes"], one["content_type"]) == ("a", 1, "application/octet-stream")
    assert len(one["last_modified"]) == len("2014-01-15T16:37:43.427570")
    shown = swift("GET", "/c?format=json&delimiter=/").json
    assert [each.get("name") or each for each in shown] == ["<&>", "a", {"subdir": "b/"}]
    xml = swift("GET", "/c?format=xml&delimiter=/")
    assert xml.headers["content-type"] == "application/xml; charset=utf-8"
    assert '<subdir name="b/"><name>b/</name></subdir>' in xml.text and "<name>&lt;&amp;&gt;</name>" in xml.text
    assert "<name>a</name><hash>" in swift("GET", "/c", headers={"Accept": "application/xml"}).text
    assert swift("GET", "/c", headers={"Accept": "application/json"}).json[0]["name"] == "<&>"
    assert swift("GET", "/c", headers={"Accept": "image/png"}).status == 406
    assert swift("GET", "/c?path=b").text == "b/1\nb/2\n"
    assert swift("GET", "/c?limit=2&reverse=true").text == "b/2\nb/1\n"
    assert swift("GET", "/c?marker=a&end_marker=b/2").text == "b/1\n"
    assert swift("GET", "/c?limit=10001").status == 412
    assert swift("GET", "/c?prefix=zzz").status == 204
    assert swift("GET", "/c?prefix=zzz&format=json").json == []
    assert swift("GET", "/c?limit=0").status == 204


def test_lists_of_containers(swift: Any, filled: None) -> None:
    swift("PUT", "/d")
    assert swift("GET", "").text == "c\nd\n"
    shown = swift("GET", "?format=json").json
    assert [(each["name"], each["count"], each["bytes"]) for each in shown] == [("c", 4, 4), ("d", 0, 0)]
    assert "<container><name>c</name><count>4</count>" in swift("GET", "?format=xml").text
    assert swift("GET", "?prefix=x").status == 204
    assert swift("HEAD", "").headers["x-account-storage-policy-default-object-count"] == "4"


def test_metadata_is_set_and_removed(swift: Any) -> None:
    for path, kind, made in (("", "account", None), ("/c", "container", 201)):
        if made:
            assert swift("PUT", path, headers={f"X-{kind}-Meta-A": "1"}).status == made
        assert swift("POST", path, headers={f"X-{kind}-Meta-A": "1", f"X-{kind}-Meta-B": "2"}).status == 204
        assert (
            swift(
                "POST", path, headers={f"X-{kind}-Meta-A": "", f"X-Remove-{kind}-Meta-B": "x", f"X-{kind}-Meta-C": "3"}
            ).status
            == 204
        )
        shown = swift("HEAD", path).headers
        assert shown[f"x-{kind}-meta-c"] == "3" and not {f"x-{kind}-meta-a", f"x-{kind}-meta-b"} & set(shown)
        for headers in (
            {f"X-{kind}-Meta-{'n' * 129}": "x"}, {f"X-{kind}-Meta-N": "x" * 257}, {f"X-{kind}-Meta-": "x"},
            {f"X-{kind}-Meta-{number}": "x" for number in range(91)},
            {f"X-{kind}-Meta-{number}": "x" * 250 for number in range(20)},
        ):  # fmt: skip
            assert swift("POST", path, headers=headers).status == 400
    assert swift("POST", "/absent").status == 404
    assert swift("PUT", "/d", headers={"X-Storage-Policy": "gold"}).status == 400


def test_one_project_is_not_another(swift: Any, filled: None) -> None:
    for path in ("", "/c", "/c/a"):
        for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
            for caller, status in ((None, 401), ("other", 403), ("roleless", 403), ("unscoped", 403)):
                assert swift(method, path, as_=caller).status == status, (method, path, caller)
            if method in ("GET", "HEAD"):
                assert swift(method, path, as_="reader").status in (200, 204)
                assert swift(method, path, as_="system-reader").status in (200, 204)
            else:
                for caller in ("reader", "system-reader", "system-member"):
                    assert swift(method, path, as_=caller).status == 403, (method, path, caller)
    assert swift("GET", "/c/a").content == b"x"
    assert swift("PUT", f"{OTHERS}/c", as_="member").status == 403
    assert swift("PUT", f"{OTHERS}/c", as_="admin").status == 201
    assert swift("PUT", f"{ROOT}/AUTH_", as_="member").status == 403
    assert swift("DELETE", "", as_="member").status == 403
    assert swift("DELETE", "", as_="admin").status == 409
    assert swift("GET", "/c/a", as_="no such token").status == 401


@pytest.mark.parametrize(
    ("allowed", "callers"),
    [
        (".r:*", {"get": "everybody"}),
        (".r:*,.rlistings", {"get": "everybody", "list": "everybody"}),
        (f"{OTHER_PROJECT}:*", {"get": "other", "list": "other"}),
        ("*:other-user", {"get": "other", "list": "other"}),
        (f"{OTHER_PROJECT}:nobody", {}),
        ("member", {}),  # a role in the project of the account, which others have not
        ("*:*", {"get": "other", "list": "other"}),
    ],
)  # fmt: skip
def test_read_lists(swift: Any, filled: None, allowed: str, callers: dict[str, str]) -> None:
    assert swift("POST", "/c", headers={"X-Container-Read": allowed}).status == 204
    for what, path in (("get", "/c/a"), ("list", "/c")):
        lets = callers.get(what, "")
        assert (swift("GET", path, as_=None).status == 200) == (lets == "everybody")
        assert (swift("GET", path, as_="other").status == 200) == (lets in ("everybody", "other"))
        assert swift("PUT", path, as_="other").status == 403
    shown = swift("HEAD", "/c", as_="other").headers
    assert "x-container-read" not in shown
    assert swift("HEAD", "/c").headers["x-container-read"] == allowed


def test_names_count_in_the_default_domain_alone() -> None:
    here = Who("u", "user", project_id="p", project_name="project", project_domain_id="default")
    for who, lets in (
        (here, True), (replace(here, user_domain_id="spare"), False), (replace(here, project_domain_id="spare"), False),
    ):  # fmt: skip
        for text in ("project:user", "*:user", "project:*"):
            assert access.lets_in(text, who, "AUTH_x", "", listing=False) == lets
        assert access.lets_in("p:u", who, "AUTH_x", "", listing=False)


def test_names_count_for_accounts_in_the_default_domain_alone(swift: Any, store: Any, filled: None) -> None:
    who = replace(CALLERS["other"], project_domain_id="default")
    lists = {"X-Container-Read": "other:*"}
    for domain, lets in (("default", True), ("spare", False)):
        owner = replace(CALLERS["member"], project_domain_id=domain)
        store.write(lambda tx, owner=owner: accounts.change(tx, owner, f"AUTH_{PROJECT}", {})).result()
        assert swift("POST", "/c", headers=lists).status == 204
        found = store.read(lambda tx: access.takes_names(tx.account(f"AUTH_{PROJECT}")))
        assert found == lets and access.lets_in("other:*", who, "AUTH_x", "", listing=False, named=found) == lets
        assert access.lets_in(f"{OTHER_PROJECT}:*", who, "AUTH_x", "", listing=False, named=found)


def test_write_lists_and_referrers(swift: Any, filled: None) -> None:
    assert swift("POST", "/c", headers={"X-Container-Write": f"{OTHER_PROJECT}:*"}).status == 204
    assert swift("PUT", "/c/by-other", as_="other", body=b"y").status == 201
    assert swift("POST", "/c/by-other", as_="other").status == 202
    assert swift("GET", "/c/by-other", as_="other").status == 403
    assert swift("DELETE", "/c/by-other", as_="other").status == 204
    assert swift("POST", "/c", as_="other").status == 403
    assert swift("DELETE", "/c", as_="other").status == 403
    assert swift("POST", "/c", headers={"X-Remove-Container-Write": "x"}).status == 204
    assert swift("PUT", "/c/by-other", as_="other", body=b"y").status == 403
    assert swift("POST", "/c", headers={"X-Container-Read": ".r:.example.com,.r:-bad.example.com"}).status == 204
    for referer, status in (
        ("http://a.example.com/x", 200),
        ("http://bad.example.com", 401),
        ("http://else", 401),
        ("", 401),
    ):
        assert swift("GET", "/c/a", as_=None, headers={"Referer": referer}).status == status, referer
    for header, value in (("Write", ".r:*"), ("Read", ".x:y"), ("Read", ".r:"), ("Read", ".unknown")):
        assert swift("POST", "/c", headers={f"X-Container-{header}": value}).status == 400, value


def test_info_is_for_everybody(swift: Any) -> None:
    info = swift("GET", "/object-store/info", as_=None).json
    assert info["swift"]["max_file_size"] > 5 << 30 and "tempurl" in info
    assert swift("GET", "/object-store/healthcheck", as_=None).text == "OK"
    assert swift("GET", f"{ROOT}/AUTH_{PROJECT}", as_="member").status == 204
