"""Access lists of accounts (`X-Account-Access-Control`)."""

import json
from typing import Any

import pytest

from tests.cloud import OTHER_PROJECT

LIST = "X-Account-Access-Control"
OTHERS = f"{OTHER_PROJECT}:other-user"


@pytest.fixture
def filled(swift: Any) -> None:
    assert swift("PUT", "/c", headers={"X-Container-Meta-Temp-URL-Key": "k", "X-Container-Read": "p:u"}).status == 201
    assert swift("PUT", "/c/a", body=b"x").status == 201
    assert swift("POST", "", headers={"X-Account-Meta-Temp-URL-Key": "k", "X-Account-Meta-Colour": "red"}).status == 204


def allow(swift: Any, level: str, name: str = OTHERS) -> None:
    assert swift("POST", "", headers={LIST: json.dumps({level: [name]})}).status == 204


def test_readers_see_all_but_the_secrets(swift: Any, filled: None) -> None:
    assert swift("GET", "", as_="other").status == 403
    allow(swift, "read-only")
    account = swift("GET", "", as_="other")
    assert account.text == "c\n" and account.headers["x-account-meta-colour"] == "red"
    assert not {"x-account-meta-temp-url-key", LIST.lower()} & set(account.headers)
    container = swift("GET", "/c", as_="other")
    assert container.text == "a\n"
    assert not {"x-container-meta-temp-url-key", "x-container-read"} & set(container.headers)
    assert swift("GET", "/c/a", as_="other").content == b"x"
    for method, path in (
        ("PUT", "/c/b"),
        ("POST", "/c/a"),
        ("DELETE", "/c/a"),
        ("PUT", "/d"),
        ("POST", "/c"),
        ("POST", ""),
    ):
        assert swift(method, path, as_="other").status == 403, (method, path)
    assert swift("HEAD", "", as_=None).status == 401


def test_writers_change_what_is_in_it_but_no_lists_and_keys(swift: Any, filled: None) -> None:
    allow(swift, "read-write", f"{OTHER_PROJECT}:*")
    assert swift("PUT", "/c/b", as_="other", body=b"y").status == 201
    assert swift("POST", "/c/b", as_="other").status == 202
    assert swift("DELETE", "/c/b", as_="other").status == 204
    mine = {"X-Container-Read": ".r:*", "X-Container-Sync-Key": "mine", "X-Container-Meta-Colour": "red"}
    assert swift("PUT", "/d", as_="other", headers=mine).status == 201
    assert swift("POST", "/c", as_="other", headers={**mine, "X-Container-Meta-Temp-URL-Key": "mine"}).status == 204
    for path, read in (("/c", "p:u"), ("/d", None)):
        shown = swift("HEAD", path).headers
        assert shown.get("x-container-read") == read and "x-container-sync-key" not in shown
        assert shown["x-container-meta-colour"] == "red"
    assert swift("HEAD", "/c").headers["x-container-meta-temp-url-key"] == "k"
    assert swift("DELETE", "/d", as_="other").status == 204
    assert swift("POST", "", as_="other", headers={LIST: "{}"}).status == 403


def test_admins_do_everything_that_the_project_may(swift: Any, filled: None) -> None:
    allow(swift, "admin")
    shown = swift("HEAD", "", as_="other").headers
    assert shown["x-account-meta-temp-url-key"] == "k" and json.loads(shown[LIST.lower()]) == {"admin": [OTHERS]}
    assert swift("POST", "/c", as_="other", headers={"X-Container-Read": ".r:*"}).status == 204
    assert swift("HEAD", "/c", as_="other").headers["x-container-read"] == ".r:*"
    assert swift("POST", "", as_="other", headers={LIST: "{}"}).status == 204
    assert swift("HEAD", "", as_="other").status == 403
    assert LIST.lower() not in swift("HEAD", "").headers


def test_only_owners_set_it_and_only_owners_see_it(swift: Any, filled: None) -> None:
    allow(swift, "read-only")
    assert LIST.lower() in swift("HEAD", "").headers
    assert LIST.lower() not in swift("HEAD", "", as_="reader").headers
    for caller in ("reader", "other", "roleless"):
        assert swift("POST", "", as_=caller, headers={LIST: "{}"}).status == 403


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '"x"', '{"readers": ["a:b"]}', '{"admin": "a:b"}', '{"admin": [1]}', "[" * 3000, '{"admin": {"a": "b"}}'],
)  # fmt: skip
def test_others_are_refused_and_change_nothing(swift: Any, filled: None, text: str) -> None:
    allow(swift, "read-only")
    refused = swift("POST", "", headers={LIST: text})
    assert refused.status == 400 and "X-Account-Access-Control invalid" in refused.text
    assert swift("HEAD", "", as_="other").status == 204
