"""Logging in, as clients see it."""

from tests.services.identity.cloud import V3, IdentityCloud, project


def test_default_project(cloud: IdentityCloud) -> None:
    made = cloud.auth(cloud.password("demo"))
    assert made.status_code == 201
    token = made.json["token"]
    assert token["project"]["name"] == "demo" and token["user"]["domain"] == {"id": "default", "name": "Default"}
    assert [role["name"] for role in token["roles"]] == ["member", "reader"]
    shown = cloud.get(
        f"{V3}/auth/tokens",
        as_=made.headers["X-Subject-Token"],
        headers={"X-Subject-Token": made.headers["X-Subject-Token"]},
    )
    assert shown.status_code == 200 and shown.json == made.json
    assert shown.headers["X-Subject-Token"] == made.headers["X-Subject-Token"]


def test_scopes(cloud: IdentityCloud) -> None:
    admin = cloud.password("admin")
    assert cloud.auth(admin, {"system": {"all": True}}).json["token"]["system"] == {"all": True}
    assert cloud.auth(admin, {"domain": {"id": "default"}}).json["token"]["domain"]["name"] == "Default"
    assert cloud.auth(admin, {"domain": {"name": "Default"}}).status_code == 201
    unscoped = cloud.auth(admin, "unscoped").json["token"]
    assert not {"project", "domain", "system", "roles", "catalog"} & unscoped.keys()
    assert cloud.auth(admin, project("admin")).json["token"]["project"]["name"] == "admin"
    assert cloud.auth(cloud.password("demo"), project("admin")).status_code == 401
    assert cloud.auth(cloud.password("demo"), {"system": {"all": True}}).status_code == 401
