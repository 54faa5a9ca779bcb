"""Roles and implications."""

from tests.services.identity.cloud import V3, IdentityCloud


def test_a_life(cloud: IdentityCloud, admin: str, member: str) -> None:
    made = cloud.made("roles", admin, name="pilot", description="flies")
    path = f"{V3}/roles/{made['id']}"
    assert cloud.post(f"{V3}/roles", as_=admin, json={"role": {"name": "pilot"}}).status_code == 409
    assert cloud.patch(path, as_=admin, json={"role": {"name": "captain"}}).json["role"]["name"] == "captain"
    assert cloud.get(path, as_=admin).json["role"]["description"] == "flies"
    assert cloud.get(f"{V3}/roles", as_=member).status_code == 403
    assert cloud.delete(path, as_=member).status_code == 403
    assert cloud.delete(path, as_=admin).status_code == 204
    assert cloud.get(path, as_=admin).status_code == 404


def test_what_a_domains_manager_sees(cloud: IdentityCloud, admin: str) -> None:
    """The roles that a manager may grant."""
    boss = cloud.user("boss", admin)["id"]
    cloud.give(admin, "manager", boss, "/domains/default")
    token = cloud.log_in("boss", {"domain": {"id": "default"}})
    assert cloud.get(f"{V3}/roles/{cloud.named('roles', 'member', token)}", as_=token).status_code == 200
    assert cloud.get(f"{V3}/roles/{cloud.named('roles', 'service', token)}", as_=token).status_code == 403
    assert cloud.get(f"{V3}/role_inferences", as_=token).status_code == 403
    assert cloud.get(f"{V3}/roles?domain_id=default", as_=token).status_code == 403
    other, demo = cloud.user("other", admin)["id"], cloud.named("projects", "demo", admin)
    for role, status in (("manager", 204), ("member", 204), ("service", 403), ("admin", 403)):
        path = f"{V3}/projects/{demo}/users/{other}/roles/{cloud.named('roles', role, admin)}"
        assert cloud.put(path, as_=token).status_code == status


def test_the_first_roles_are_immutable(cloud: IdentityCloud, admin: str) -> None:
    path = f"{V3}/roles/{cloud.named('roles', 'admin', admin)}"
    assert cloud.delete(path, as_=admin).status_code == 403
    assert cloud.patch(path, as_=admin, json={"role": {"name": "king"}}).status_code == 403


def test_roles_of_a_domain(cloud: IdentityCloud, admin: str) -> None:
    """They are not in tokens, but the roles that they imply are."""
    inside = cloud.made("roles", admin, name="local", domain_id="default")
    listed = [role["name"] for role in cloud.get(f"{V3}/roles", as_=admin).json["roles"]]
    assert listed == ["admin", "manager", "member", "reader", "service"]
    of_domain = cloud.get(f"{V3}/roles?domain_id=default", as_=admin).json["roles"]
    assert [role["name"] for role in of_domain] == ["local"]
    implied = cloud.named("roles", "service", admin)
    assert cloud.put(f"{V3}/roles/{inside['id']}/implies/{implied}", as_=admin).status_code == 201
    assert cloud.put(f"{V3}/roles/{implied}/implies/{inside['id']}", as_=admin).status_code == 403
    demo, user = cloud.named("projects", "demo", admin), cloud.named("users", "demo", admin)
    path = f"{V3}/projects/{demo}/users/{user}/roles/{inside['id']}"
    assert cloud.put(path, as_=admin).status_code == 204
    assert cloud.api.authenticate(cloud.database, cloud.log_in("demo")).roles == {"member", "reader", "service"}


def test_implications(cloud: IdentityCloud, admin: str) -> None:
    ids = {name: cloud.named("roles", name, admin) for name in ("admin", "manager", "member", "reader", "service")}
    found = cloud.get(f"{V3}/role_inferences", as_=admin).json["role_inferences"]
    pairs = {(each["prior_role"]["name"], implied["name"]) for each in found for implied in each["implies"]}
    assert pairs == {("admin", "manager"), ("manager", "member"), ("member", "reader")}
    path = f"{V3}/roles/{ids['member']}/implies/{ids['service']}"
    assert cloud.get(path, as_=admin).status_code == 404
    made = cloud.put(path, as_=admin)
    assert made.status_code == 201 and made.json["role_inference"]["implies"]["name"] == "service"
    assert cloud.call("HEAD", path, as_=admin).status_code == 204
    assert "service" in cloud.api.authenticate(cloud.database, cloud.log_in("demo")).roles
    implied = cloud.get(f"{V3}/roles/{ids['member']}/implies", as_=admin).json["role_inference"]["implies"]
    assert [each["name"] for each in implied] == ["reader", "service"]
    circle = f"{V3}/roles/{ids['reader']}/implies/{ids['manager']}"
    assert cloud.put(circle, as_=admin).status_code == 400
    assert cloud.put(f"{V3}/roles/{ids['service']}/implies/{ids['admin']}", as_=admin).status_code == 403
    assert cloud.delete(path, as_=admin).status_code == 204
    assert cloud.delete(path, as_=admin).status_code == 404
