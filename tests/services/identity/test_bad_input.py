"""Text that a database cannot store, and invalid bodies: a clear error in identity's shape on every database."""

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from kumoi.services.identity.users.models import users
from tests.services.identity.cloud import V3, IdentityCloud


def check(response: Any, *statuses: int) -> None:
    assert response.status_code in statuses, response.text
    assert response.json["error"].keys() == {"code", "message", "title"}
    assert response.json["error"]["code"] == response.status_code


@pytest.mark.parametrize("text", ["a\0b", "\0"])
def test_nul(cloud: IdentityCloud, admin: str, text: str) -> None:
    check(cloud.post(f"{V3}/users", as_=admin, json={"user": {"name": "x", "description": text}}), 400)
    check(cloud.post(f"{V3}/users", as_=admin, json={"user": {"name": "x", text: 1}}), 400)
    check(cloud.post(f"{V3}/projects", as_=admin, json={"project": {"name": text}}), 400)
    check(cloud.get(f"{V3}/users", as_=admin, params={"name": text}), 400)
    check(cloud.get(f"{V3}/users/%00", as_=admin), 400, 404)
    check(cloud.auth(cloud.password(text, "p")), 400, 401)


@pytest.mark.parametrize(
    "body",
    [b"{nonsense", b"[]", b"7", b'"x"', b"null", b"{}", b'{"user": []}', b"[" * 5000, b"\xff\xfe",
     b'{"user": {"name": "\\ud800"}}'],
)  # fmt: skip
def test_no_json_object(cloud: IdentityCloud, admin: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    check(cloud.post(f"{V3}/users", as_=admin, body=body, headers=headers), 400)
    check(cloud.post(f"{V3}/auth/tokens", as_=None, body=body, headers=headers), 400)


def test_too_large(cloud: IdentityCloud, admin: str) -> None:
    body = {"user": {"name": "x", "description": "y" * (1 << 20)}}
    check(cloud.post(f"{V3}/users", as_=admin, json=body), 413)


def test_additional_attributes_are_bounded(cloud: IdentityCloud, admin: str) -> None:
    """Also when they come one by one."""
    group = {"name": "many", "a": "x" * 40_000}
    made = cloud.post(f"{V3}/groups", as_=admin, json={"group": group})
    assert made.status_code == 201 and made.json["group"]["a"] == group["a"]
    path = f"{V3}/groups/{made.json['group']['id']}"
    refused = cloud.patch(path, as_=admin, json={"group": {"b": "x" * 40_000}})
    check(refused, 400)
    assert "group" in refused.json["error"]["message"] and "65535 bytes" in refused.json["error"]["message"]
    assert cloud.patch(path, as_=admin, json={"group": {"a": "y", "b": {"c": [1]}}}).json["group"]["b"] == {"c": [1]}
    check(cloud.post(f"{V3}/users", as_=admin, json={"user": {"name": "x", "a": "x" * 70_000}}), 400)


def test_what_is_not_there(cloud: IdentityCloud, admin: str) -> None:
    check(cloud.get(f"{V3}/OS-TRUST/trusts", as_=admin), 404)
    check(cloud.get(f"{V3}/OS-TRUST/trusts", as_=None), 404)
    check(cloud.put(f"{V3}/users", as_=admin), 405)
    check(cloud.get(f"{V3}/users/{'x' * 3000}", as_=admin), 404)
    check(cloud.get(f"{V3}/users", as_="x" * 7000), 401)


def test_faults_do_not_say_what_was_to_be_stored(cloud: IdentityCloud) -> None:
    row = {"id": "x", "password_hash": "a secret", "name": None}
    with pytest.raises(DBAPIError) as fault:
        cloud.database.write(lambda tx: tx.execute(users.insert(), row))
    assert "a secret" not in str(fault.value) and "identity_users" in str(fault.value)
