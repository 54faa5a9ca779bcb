"""Application credentials: keys for programs, never more than their user has."""

from typing import Any

import pytest

from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock
from tests.services.identity.cloud import V3, IdentityCloud, project


def path(cloud: IdentityCloud, token: str) -> str:
    return f"users/{cloud.check(token).json['token']['user']['id']}/application_credentials"


def make(cloud: IdentityCloud, token: str, **values: Any) -> dict[str, Any]:
    made = cloud.post(
        f"{V3}/{path(cloud, token)}", as_=token, json={"application_credential": {"name": "robot", **values}}
    )
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json["application_credential"]
    return found


def identity(made: dict[str, Any]) -> dict[str, Any]:
    return {
        "methods": ["application_credential"],
        "application_credential": {"id": made["id"], "secret": made["secret"]},
    }


def test_secret_once_and_roles_in_the_token(cloud: IdentityCloud, member: str) -> None:
    made = make(cloud, member, roles=[{"name": "reader"}], description="d")
    assert len(made["secret"]) > 80 and [role["name"] for role in made["roles"]] == ["reader"]
    shown = cloud.get(f"{V3}/{path(cloud, member)}/{made['id']}", as_=member).json["application_credential"]
    assert "secret" not in shown and shown["unrestricted"] is False and shown["expires_at"] is None
    listed = cloud.get(f"{V3}/{path(cloud, member)}", as_=member).json["application_credentials"]
    assert listed == [shown]
    got = cloud.auth(identity(made))
    token = got.json["token"]
    assert [role["name"] for role in token["roles"]] == ["reader"] and token["project"]["name"] == "demo"
    assert token["application_credential"] == {"id": made["id"], "name": "robot", "restricted": True}
    who = cloud.api.authenticate(cloud.database, got.headers["X-Subject-Token"])
    assert who.application_credential_id == made["id"] and who.roles == {"reader"}


@pytest.mark.parametrize("nothing", [{}, {"roles": None}, {"roles": [], "access_rules": []}])
def test_no_role_named_is_every_role(cloud: IdentityCloud, member: str, nothing: dict[str, Any]) -> None:
    made = make(cloud, member, **nothing)
    assert {role["name"] for role in made["roles"]} == {"member", "reader"}


def test_by_name_and_user(cloud: IdentityCloud, member: str) -> None:
    made = make(cloud, member, secret="my own")
    assert made["secret"] == "my own"
    said = {"name": "robot", "secret": "my own", "user": {"name": "demo", "domain": {"name": "Default"}}}
    body = {"methods": ["application_credential"], "application_credential": said}
    assert cloud.auth(body).status_code == 201
    assert cloud.auth({**body, "application_credential": {**said, "secret": "other"}}).status_code == 401
    assert cloud.auth({**body, "application_credential": {**said, "name": "other"}}).status_code == 401
    assert cloud.auth({**body, "application_credential": {"secret": "my own"}}).status_code == 400


def test_it_does_not_get_out_of_its_limits(cloud: IdentityCloud, admin: str) -> None:
    made = make(cloud, admin, roles=[{"name": "reader"}])
    assert cloud.auth(identity(made), {"system": {"all": True}}).status_code == 401
    assert cloud.auth(identity(made), project("admin")).status_code == 401
    token = cloud.auth(identity(made)).headers["X-Subject-Token"]
    exchange = {"methods": ["token"], "token": {"id": token}}
    assert cloud.auth(exchange, {"system": {"all": True}}).status_code == 401
    assert cloud.auth(exchange, "unscoped").status_code == 401
    again = cloud.auth(exchange, project("admin"))
    assert [role["name"] for role in again.json["token"]["roles"]] == ["reader"]
    assert cloud.get(f"{V3}/auth/system", as_=token).json["system"] == []
    body = {"application_credential": {"name": "second"}}
    own = f"{V3}/{path(cloud, admin)}"
    assert cloud.post(own, as_=token, json=body).status_code == 403
    assert cloud.delete(f"{own}/{made['id']}", as_=token).status_code == 403
    free = make(cloud, admin, name="free", unrestricted=True)
    token = cloud.auth(identity(free)).headers["X-Subject-Token"]
    assert cloud.post(own, as_=token, json=body).status_code == 201
    assert (
        cloud.post(f"{V3}/credentials", as_=token, json={"credential": {"type": "x", "blob": "y"}}).status_code == 403
    )


def test_a_role_that_is_taken_ends_every_credential_of_the_user_on_the_project(
    cloud: IdentityCloud, admin: str, member: str
) -> None:
    reading = make(cloud, member, roles=[{"name": "reader"}])
    elsewhere = cloud.made("projects", admin, name="elsewhere")["id"]
    demo, user = cloud.named("projects", "demo", admin), cloud.named("users", "demo", admin)
    cloud.give(admin, "reader", user, f"/projects/{elsewhere}")
    other = make(cloud, cloud.log_in("demo", project("elsewhere")), name="elsewhere")
    cloud.give(admin, "reader", user, f"/projects/{demo}")
    held = cloud.auth(identity(reading)).headers["X-Subject-Token"]
    grant = f"{V3}/projects/{demo}/users/{user}/roles/"
    assert cloud.delete(grant + cloud.named("roles", "member", admin), as_=admin).status_code == 204
    assert cloud.get(f"{V3}/auth/projects", as_=held).status_code == 401
    cloud.give(admin, "member", user, f"/projects/{demo}")
    assert cloud.auth(identity(reading)).status_code == 401, "it is valid again"
    assert cloud.auth(identity(other)).status_code == 201


def test_a_role_that_is_deleted_ends_credentials_too(cloud: IdentityCloud, admin: str, member: str) -> None:
    demo, user = cloud.named("projects", "demo", admin), cloud.named("users", "demo", admin)
    spare = cloud.made("roles", admin, name="spare")["id"]
    cloud.give(admin, "spare", user, f"/projects/{demo}")
    made = make(cloud, cloud.log_in("demo", project("demo")), roles=[{"name": "reader"}])
    assert cloud.auth(identity(made)).status_code == 201
    assert cloud.delete(f"{V3}/roles/{spare}", as_=admin).status_code == 204
    assert cloud.auth(identity(made)).status_code == 401


@pytest.mark.parametrize("how", ["grant", "membership", "group", "inherited", "implied"])
def test_a_role_lost_in_any_way_ends_the_credential_for_good(cloud: IdentityCloud, admin: str, how: str) -> None:
    """The user is in a group that is an auditor, which implies the role that the credential has."""
    demo, domain = cloud.named("projects", "demo", admin), "default"
    user = cloud.user("robin", admin)["id"]
    auditor = cloud.made("roles", admin, name="auditor")["id"]
    reader = cloud.named("roles", "reader", admin)
    group = cloud.made("groups", admin, name="auditors")["id"]
    target = f"/OS-INHERIT/domains/{domain}" if how == "inherited" else f"/projects/{demo}"
    end = "/inherited_to_projects" if how == "inherited" else ""
    implied = f"{V3}/roles/{auditor}/implies/{reader}"
    granted = f"{V3}{target}/groups/{group}/roles/{auditor}{end}"
    member = f"{V3}/groups/{group}/users/{user}"
    for path in (implied, granted, member):
        assert cloud.put(path, as_=admin).status_code in (201, 204), path
    scope = project("demo")
    token = cloud.auth(cloud.password("robin", "robin password"), scope).headers["X-Subject-Token"]
    made = make(cloud, token, roles=[{"name": "reader"}])
    held = cloud.auth(identity(made)).headers["X-Subject-Token"]
    lost = {"membership": member, "group": f"{V3}/groups/{group}", "implied": implied}.get(how, granted)
    assert cloud.delete(lost, as_=admin).status_code == 204
    if how == "group":
        cloud.give(admin, "reader", user, f"/projects/{demo}")
    else:
        assert cloud.put(lost, as_=admin).status_code in (201, 204)
    assert cloud.auth(cloud.password("robin", "robin password"), scope).status_code == 201
    assert cloud.auth(identity(made)).status_code == 401
    assert cloud.get(f"{V3}/auth/projects", as_=held).status_code == 401


def test_deleted(cloud: IdentityCloud, member: str, admin: str) -> None:
    made = make(cloud, member)
    token = cloud.auth(identity(made)).headers["X-Subject-Token"]
    one = f"{V3}/{path(cloud, member)}/{made['id']}"
    assert cloud.delete(one, as_=cloud.log_in("reader")).status_code == 403
    assert cloud.delete(one, as_=admin).status_code == 204
    assert cloud.get(one, as_=member).status_code == 404
    assert cloud.get(f"{V3}/auth/projects", as_=token).status_code == 401
    assert cloud.auth(identity(made)).status_code == 401


def test_its_end(cloud: IdentityCloud) -> None:
    with clock.using(VirtualClock()):
        member = cloud.log_in("demo")
        ends = clock.iso_microseconds(clock.now() + 600_000_001)
        made = make(cloud, member, expires_at=ends)
        assert made["expires_at"] == ends
        got = cloud.auth(identity(made))
        assert got.json["token"]["expires_at"] == ends + "Z"
        clock.sleep(601)
        assert cloud.get(f"{V3}/auth/projects", as_=got.headers["X-Subject-Token"]).status_code == 401
        assert cloud.auth(identity(made)).status_code == 401


@pytest.mark.parametrize(
    "values, status, field",
    [
        ({"roles": [{"name": "admin"}]}, 400, "roles"),
        ({"roles": [{"id": "nothing"}]}, 400, "roles"),
        ({"expires_at": "tomorrow"}, 400, "expires_at"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, 400, "expires_at"),
        ({"name": ""}, 400, "name"),
        ({"access_rules": [{"service": "compute", "method": "GET", "path": "/v2.1/servers"}]}, 501, "access_rules"),
    ],
)
def test_bad_input(cloud: IdentityCloud, member: str, values: dict[str, Any], status: int, field: str) -> None:
    body = {"application_credential": {"name": "robot", **values}}
    refused = cloud.post(f"{V3}/{path(cloud, member)}", as_=member, json=body)
    assert refused.status_code == status and field in refused.json["error"]["message"]


def test_who_may(cloud: IdentityCloud, member: str, admin: str) -> None:
    make(cloud, member)
    body = {"application_credential": {"name": "robot"}}
    assert cloud.post(f"{V3}/{path(cloud, member)}", as_=member, json=body).status_code == 409
    assert cloud.post(f"{V3}/{path(cloud, member)}", as_=admin, json=body).status_code == 403
    assert cloud.get(f"{V3}/{path(cloud, member)}", as_=cloud.log_in("reader")).status_code == 403
    assert cloud.get(f"{V3}/{path(cloud, member)}", as_=admin).status_code == 200
    unscoped = cloud.log_in("demo", "unscoped")
    assert cloud.post(f"{V3}/{path(cloud, member)}", as_=unscoped, json=body).status_code == 403
