"""Logging in, as clients see it."""

from typing import Any

import pytest

from tests.services.identity.cloud import V3, IdentityCloud, project

WRONG = "The request you have made requires authentication."


def test_default_project(cloud: IdentityCloud) -> None:
    made = cloud.auth(cloud.password("demo"))
    assert made.status_code == 201
    token = made.json["token"]
    assert token["project"]["name"] == "demo" and token["user"]["domain"] == {"id": "default", "name": "Default"}
    assert [role["name"] for role in token["roles"]] == ["member", "reader"]
    shown = cloud.check(made.headers["X-Subject-Token"])
    assert shown.status_code == 200 and shown.json == made.json
    assert shown.headers["X-Subject-Token"] == made.headers["X-Subject-Token"]


def test_scopes(cloud: IdentityCloud) -> None:
    admin = cloud.password("admin")
    assert cloud.auth(admin, {"system": {"all": True}}).json["token"]["system"] == {"all": True}
    assert cloud.auth(admin, {"domain": {"id": "default"}}).json["token"]["domain"]["name"] == "Default"
    assert cloud.auth(admin, {"domain": {"name": "Default"}}).status_code == 201
    unscoped = cloud.auth(admin, "unscoped").json["token"]
    assert not {"project", "domain", "system", "roles", "catalog"} & unscoped.keys()
    assert cloud.auth(admin, {"unscoped": {}}).json["token"].keys() == unscoped.keys()
    assert cloud.auth(admin, project("admin")).json["token"]["project"]["name"] == "admin"


@pytest.mark.parametrize(
    "identity, scope",
    [
        ({"name": "demo", "password": "wrong"}, None),
        ({"name": "nobody", "password": "demo password"}, None),
        ({"name": "demo", "domain": {"id": "nowhere"}, "password": "demo password"}, None),
        ({"name": "demo", "password": "demo password"}, project("admin")),
        ({"name": "demo", "password": "demo password"}, project("nothing")),
        ({"name": "demo", "password": "demo password"}, {"system": {"all": True}}),
        ({"name": "demo", "password": "demo password"}, {"domain": {"id": "default"}}),
        ({"name": "demo", "password": "demo password"}, {"domain": {"name": "nothing"}}),
    ],
)
def test_what_is_refused_says_the_same(cloud: IdentityCloud, identity: dict[str, Any], scope: Any) -> None:
    user = {"domain": {"id": "default"}, **identity}
    refused = cloud.auth({"methods": ["password"], "password": {"user": user}}, scope)
    assert refused.status_code == 401
    assert refused.json == {"error": {"code": 401, "title": "Unauthorized", "message": WRONG}}
    assert refused.headers["WWW-Authenticate"].startswith("Keystone uri=")


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "auth"),
        ({"auth": {}}, "identity"),
        ({"auth": {"identity": {"methods": []}}}, "methods"),
        ({"auth": {"identity": {"methods": ["password"]}}}, "password"),
        ({"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "x"}}}}}, "password"),
        ({"auth": {"identity": {"methods": ["password"], "password": {"user": {"password": "x"}}}}}, "user"),
        ({"auth": {"identity": {"methods": ["token"], "token": {"id": 7}}}}, "id"),
    ],
)
def test_malformed(cloud: IdentityCloud, body: Any, field: str) -> None:
    refused = cloud.post(f"{V3}/auth/tokens", as_=None, json=body)
    assert refused.status_code == 400 and field in refused.json["error"]["message"]


def test_scope_says_one_thing(cloud: IdentityCloud) -> None:
    both = {**project("demo"), "domain": {"id": "default"}}
    assert cloud.auth(cloud.password("demo"), both).status_code == 400
    assert cloud.auth(cloud.password("demo"), {"project": {"name": "demo"}}).status_code == 400
    assert cloud.auth(cloud.password("demo"), {"system": {"all": False}}).status_code == 400
    assert cloud.auth({"methods": ["external"]}).status_code == 401


def test_one_token_for_another(cloud: IdentityCloud) -> None:
    first = cloud.auth(cloud.password("admin"), "unscoped")
    token = first.headers["X-Subject-Token"]
    second = cloud.auth({"methods": ["token"], "token": {"id": token}}, project("admin"))
    assert second.status_code == 201
    said, before = second.json["token"], first.json["token"]
    assert said["expires_at"] == before["expires_at"] and said["methods"] == ["token", "password"]
    assert said["audit_ids"][1] == before["audit_ids"][0]
    assert cloud.auth({"methods": ["token"], "token": {"id": token}}, project("demo")).status_code == 401


def test_several_methods_must_mean_one_user(cloud: IdentityCloud) -> None:
    identity = cloud.password("demo")
    both = {"methods": ["password", "token"], "password": identity["password"]}
    assert cloud.auth({**both, "token": {"id": cloud.log_in("demo")}}).status_code == 201
    assert cloud.auth({**both, "token": {"id": cloud.log_in("reader")}}).status_code == 401


def test_a_users_own_rules(cloud: IdentityCloud, admin: str) -> None:
    options = {"multi_factor_auth_enabled": True, "multi_factor_auth_rules": [["password", "token"]]}
    cloud.user("careful", admin, options=options)
    identity = cloud.password("careful")
    assert cloud.auth(identity).status_code == 401


def test_catalogue_and_its_absence(cloud: IdentityCloud) -> None:
    identity = cloud.password("demo")
    catalog = cloud.auth(identity).json["token"]["catalog"]
    entry = next(service for service in catalog if service["type"] == "identity")
    assert {endpoint["interface"] for endpoint in entry["endpoints"]} == {"public", "internal", "admin"}
    assert {endpoint["region_id"] for endpoint in entry["endpoints"]} == {"RegionOne"}
    assert "catalog" not in cloud.auth(identity, params={"nocatalog": ""}).json["token"]
    token = cloud.log_in("demo")
    assert "catalog" not in cloud.check(token, params={"nocatalog": ""}).json["token"]
    assert cloud.get(f"{V3}/auth/catalog", as_=token).json["catalog"] == catalog
    assert cloud.get(f"{V3}/auth/catalog", as_=cloud.log_in("demo", "unscoped")).status_code == 403


def test_urls_follow_the_address_that_the_client_came_by(cloud: IdentityCloud) -> None:
    headers = {"Host": "cloud.example:8443", "X-Forwarded-Proto": "https"}
    catalog = cloud.auth(cloud.password("demo"), headers=headers).json["token"]["catalog"]
    urls = {endpoint["url"] for service in catalog for endpoint in service["endpoints"]}
    assert all(url.startswith("https://cloud.example:8443/") for url in urls)


def test_what_a_token_may_be_exchanged_for(cloud: IdentityCloud, admin: str, member: str) -> None:
    unscoped = cloud.log_in("admin", "unscoped")
    assert [each["name"] for each in cloud.get(f"{V3}/auth/projects", as_=unscoped).json["projects"]] == ["admin"]
    assert [each["id"] for each in cloud.get(f"{V3}/auth/domains", as_=unscoped).json["domains"]] == ["default"]
    assert cloud.get(f"{V3}/auth/system", as_=unscoped).json["system"] == [{"all": True}]
    assert cloud.get(f"{V3}/auth/system", as_=member).json["system"] == []
    demo = cloud.named("projects", "demo", admin)
    assert cloud.patch(f"{V3}/projects/{demo}", as_=admin, json={"project": {"enabled": False}}).status_code == 200
    left = cloud.log_in("demo", "unscoped")
    assert cloud.get(f"{V3}/auth/projects", as_=left).json["projects"] == []


def test_discovery(cloud: IdentityCloud) -> None:
    root = cloud.get("/identity", as_=None)
    assert root.status_code == 300 and root.json["versions"]["values"][0]["id"] == "v3.14"
    version = cloud.get(f"{V3}/", as_=None)
    assert version.status_code == 200 and version.json["version"]["status"] == "stable"
    assert version.json["version"]["links"][0]["href"].endswith("/identity/v3/")
