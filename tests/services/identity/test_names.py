"""Names in identity are equal regardless of case, and keep their spelling (decision 18)."""

from typing import Any

import pytest

from tests.services.identity.cloud import V3, IdentityCloud, project

KINDS = ("users", "projects", "groups", "roles", "domains")


def one(kind: str) -> str:
    return kind.removesuffix("s")


def named(cloud: IdentityCloud, token: str, kind: str, **params: str) -> list[str]:
    return [found["name"] for found in cloud.get(f"{V3}/{kind}", as_=token, params=params).json[kind]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_is_found_and_taken_in_any_case(cloud: IdentityCloud, admin: str, kind: str) -> None:
    made = cloud.made(kind, admin, name="Straße One")
    assert made["name"] == "Straße One" and "folded_name" not in made
    for asked in ("straße one", "STRASSE ONE", "Straße One"):
        assert named(cloud, admin, kind, name=asked) == ["Straße One"]
    assert named(cloud, admin, kind, name__istartswith="STRA") == ["Straße One"]
    assert named(cloud, admin, kind, name__startswith="STRA") == [], "inexact filters without i heed the case"
    taken = cloud.post(f"{V3}/{kind}", as_=admin, json={one(kind): {"name": "STRASSE one"}})
    assert taken.status_code == 409 and "STRASSE one" in taken.json["error"]["message"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_changes_its_own_case(cloud: IdentityCloud, admin: str, kind: str) -> None:
    made = cloud.made(kind, admin, name="first")
    cloud.made(kind, admin, name="second")
    path = f"{V3}/{kind}/{made['id']}"
    changed = cloud.patch(path, as_=admin, json={one(kind): {"name": "First"}})
    assert changed.status_code == 200 and changed.json[one(kind)]["name"] == "First"
    assert named(cloud, admin, kind, name="FIRST") == ["First"]
    assert cloud.patch(path, as_=admin, json={one(kind): {"name": "SECOND"}}).status_code == 409
    assert cloud.patch(path, as_=admin, json={one(kind): {"name": "third"}}).status_code == 200
    assert named(cloud, admin, kind, name="first") == [] and named(cloud, admin, kind, name="Third") == ["third"]


def test_logging_in_in_any_case(cloud: IdentityCloud) -> None:
    """As with OS_USER_DOMAIN_NAME=default. The token contains the names in their stored spelling."""
    user: dict[str, Any] = {"name": "DEMO", "domain": {"name": "default"}, "password": "demo password"}
    identity = {"methods": ["password"], "password": {"user": user}}
    scope = project("Demo")
    scope["project"]["domain"] = {"name": "DEFAULT"}
    issued = cloud.auth(identity, scope)
    assert issued.status_code == 201, issued.text
    token = issued.json["token"]
    assert token["user"]["name"] == "demo" and token["user"]["domain"]["name"] == "Default"
    assert token["project"]["name"] == "demo"
    user["password"] = "Demo password"
    assert cloud.auth(identity, scope).status_code == 401


def test_scope_of_a_domain_in_any_case(cloud: IdentityCloud) -> None:
    assert cloud.auth(cloud.password("ADMIN", "admin password"), {"domain": {"name": "dEfAuLt"}}).status_code == 201


def test_application_credentials_in_any_case(cloud: IdentityCloud, member: str) -> None:
    user_id = cloud.check(member).json["token"]["user"]["id"]
    path = f"{V3}/users/{user_id}/application_credentials"
    body = {"application_credential": {"name": "Backup", "secret": "s" * 20}}
    assert cloud.post(path, as_=member, json=body).status_code == 201
    found = cloud.get(path, as_=member, params={"name": "BACKUP"}).json["application_credentials"]
    assert [one["name"] for one in found] == ["Backup"]
    body["application_credential"]["name"] = "backup"
    assert cloud.post(path, as_=member, json=body).status_code == 409
    said = {"name": "bAckup", "secret": "s" * 20, "user": {"name": "Demo", "domain": {"id": "default"}}}
    identity = {"methods": ["application_credential"], "application_credential": said}
    assert cloud.auth(identity).status_code == 201


def test_guesses_count_for_one_account_in_any_case(cloud: IdentityCloud) -> None:
    """For an unknown name, because otherwise its behaviour would reveal that it is unknown."""
    for name in ("nobody", "NOBODY", "Nobody", "nObody", "noBody"):
        assert cloud.auth(cloud.password(name, "wrong")).status_code == 401
    assert cloud.auth(cloud.password("nobodY", "wrong")).status_code == 429
