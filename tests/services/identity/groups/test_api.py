"""Groups, and the roles of their members."""

from tests.services.identity.cloud import V3, IdentityCloud, project


def test_a_life(cloud: IdentityCloud, admin: str) -> None:
    made = cloud.made("groups", admin, name="crew", description="d")
    path = f"{V3}/groups/{made['id']}"
    assert cloud.post(f"{V3}/groups", as_=admin, json={"group": {"name": "crew"}}).status_code == 409
    assert cloud.patch(path, as_=admin, json={"group": {"name": "band"}}).json["group"]["name"] == "band"
    assert [each["name"] for each in cloud.get(f"{V3}/groups?name=band", as_=admin).json["groups"]] == ["band"]
    assert cloud.delete(path, as_=admin).status_code == 204
    assert cloud.get(path, as_=admin).status_code == 404
    assert cloud.post(f"{V3}/groups", as_=admin, json={"group": {"name": 7}}).status_code == 400


def test_members(cloud: IdentityCloud, admin: str, member: str) -> None:
    group, user = cloud.made("groups", admin, name="crew")["id"], cloud.named("users", "demo", admin)
    path = f"{V3}/groups/{group}/users/{user}"
    assert cloud.get(path, as_=admin).status_code == 404
    assert cloud.put(path, as_=member).status_code == 403
    assert cloud.put(path, as_=admin).status_code == cloud.put(path, as_=admin).status_code == 204
    assert cloud.call("HEAD", path, as_=admin).status_code == 204
    assert [each["name"] for each in cloud.get(f"{V3}/groups/{group}/users", as_=admin).json["users"]] == ["demo"]
    assert [each["name"] for each in cloud.get(f"{V3}/users/{user}/groups", as_=member).json["groups"]] == ["crew"]
    other = cloud.named("users", "reader", admin)
    assert cloud.get(f"{V3}/users/{other}/groups", as_=member).status_code == 403
    assert cloud.put(f"{V3}/groups/{group}/users/nobody", as_=admin).status_code == 404
    assert cloud.delete(path, as_=admin).status_code == 204
    assert cloud.delete(path, as_=admin).status_code == 404


def test_roles_come_and_go_with_the_group(cloud: IdentityCloud, admin: str) -> None:
    group, user = cloud.made("groups", admin, name="crew")["id"], cloud.named("users", "demo", admin)
    target, role = cloud.named("projects", "admin", admin), cloud.named("roles", "reader", admin)
    assert cloud.put(f"{V3}/projects/{target}/groups/{group}/roles/{role}", as_=admin).status_code == 204
    assert cloud.auth(cloud.password("demo"), project("admin")).status_code == 401
    cloud.put(f"{V3}/groups/{group}/users/{user}", as_=admin)
    token = cloud.log_in("demo", project("admin"))
    assert cloud.api.authenticate(cloud.database, token).roles == {"reader"}
    cloud.delete(f"{V3}/groups/{group}/users/{user}", as_=admin)
    assert cloud.get(f"{V3}/auth/projects", as_=token).status_code == 401
