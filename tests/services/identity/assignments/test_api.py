"""Assignments: granted, revoked, inherited, listed."""

from typing import Any

import pytest

from tests.services.identity.cloud import V3, IdentityCloud


@pytest.mark.parametrize("actor", ["users", "groups"])
@pytest.mark.parametrize("target", ["projects", "domains", "system"])
def test_give_and_take_back(cloud: IdentityCloud, admin: str, member: str, actor: str, target: str) -> None:
    group = cloud.made("groups", admin, name="g")["id"]
    one = cloud.named("users", "reader", admin) if actor == "users" else group
    on = {"projects": f"projects/{cloud.named('projects', 'admin', admin)}", "domains": "domains/default"}
    path = f"{V3}/{on.get(target, 'system')}/{actor}/{one}/roles"
    role = cloud.named("roles", "member", admin)
    assert cloud.get(path, as_=admin).json["roles"] == []
    assert cloud.put(f"{path}/{role}", as_=member).status_code == 403
    assert cloud.put(f"{path}/{role}", as_=admin).status_code == 204
    assert cloud.put(f"{path}/{role}", as_=admin).status_code == 204
    assert cloud.call("HEAD", f"{path}/{role}", as_=admin).status_code == 204
    assert [each["name"] for each in cloud.get(path, as_=admin).json["roles"]] == ["member"]
    assert cloud.get(path, as_=member).status_code == 403
    assert cloud.put(f"{path}/nothing", as_=admin).status_code == 404
    assert cloud.delete(f"{path}/{role}", as_=admin).status_code == 204
    assert cloud.delete(f"{path}/{role}", as_=admin).status_code == 404
    assert cloud.get(f"{path}/{role}", as_=admin).status_code == 404


def test_absent_actors_and_targets(cloud: IdentityCloud, admin: str) -> None:
    role, user = cloud.named("roles", "member", admin), cloud.named("users", "demo", admin)
    assert cloud.put(f"{V3}/projects/nothing/users/{user}/roles/{role}", as_=admin).status_code == 404
    assert cloud.put(f"{V3}/domains/default/users/nobody/roles/{role}", as_=admin).status_code == 404
    assert cloud.put(f"{V3}/domains/default/groups/nobody/roles/{role}", as_=admin).status_code == 404


def test_inherited(cloud: IdentityCloud, admin: str) -> None:
    """The role applies below the target, not on it."""
    top = cloud.made("projects", admin, name="top")["id"]
    leaf = cloud.made("projects", admin, name="leaf", parent_id=top)["id"]
    user, role = cloud.named("users", "reader", admin), cloud.named("roles", "member", admin)
    path = f"{V3}/OS-INHERIT/projects/{top}/users/{user}/roles/{role}/inherited_to_projects"
    assert cloud.put(path, as_=admin).status_code == 204
    assert cloud.get(path, as_=admin).status_code == 204
    identity = cloud.password("reader")
    assert cloud.auth(identity, {"project": {"id": top}}).status_code == 401
    token = cloud.auth(identity, {"project": {"id": leaf}})
    assert [each["name"] for each in token.json["token"]["roles"]] == ["member", "reader"]
    names = [each["name"] for each in cloud.get(f"{V3}/users/{user}/projects", as_=admin).json["projects"]]
    assert names == ["demo", "leaf"]
    assert cloud.delete(path, as_=admin).status_code == 204
    assert cloud.check(admin, token.headers["X-Subject-Token"]).status_code == 404
    whole = f"{V3}/OS-INHERIT/domains/default/users/{user}/roles"
    assert cloud.put(f"{whole}/{role}/inherited_to_projects", as_=admin).status_code == 204
    assert len(cloud.get(f"{whole}/inherited_to_projects", as_=admin).json["roles"]) == 1
    assert cloud.auth(identity, {"project": {"id": top}}).status_code == 201
    assert cloud.auth(identity, {"domain": {"id": "default"}}).status_code == 401


@pytest.fixture
def family(cloud: IdentityCloud, admin: str) -> dict[str, str]:
    """A group with the user ada. The group is member of project top, and by inheritance of the projects below."""
    top = cloud.made("projects", admin, name="top")["id"]
    leaf = cloud.made("projects", admin, name="leaf", parent_id=top)["id"]
    group, ada = cloud.made("groups", admin, name="crew")["id"], cloud.user("ada", admin)["id"]
    member, reader = cloud.named("roles", "member", admin), cloud.named("roles", "reader", admin)
    cloud.put(f"{V3}/groups/{group}/users/{ada}", as_=admin)
    cloud.put(f"{V3}/projects/{top}/groups/{group}/roles/{member}", as_=admin)
    cloud.put(f"{V3}/OS-INHERIT/projects/{top}/users/{ada}/roles/{reader}/inherited_to_projects", as_=admin)
    return {"top": top, "leaf": leaf, "group": group, "ada": ada, "member": member, "reader": reader}


def listed(cloud: IdentityCloud, token: str, **params: str) -> list[dict[str, Any]]:
    response = cloud.get(
        f"{V3}/role_assignments", as_=token, params={k.replace("__", "."): v for k, v in params.items()}
    )
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json["role_assignments"]
    return found


def test_the_list_as_made(cloud: IdentityCloud, admin: str, family: dict[str, str]) -> None:
    assert len(listed(cloud, admin)) == 7
    by_group = listed(cloud, admin, group__id=family["group"])
    assert len(by_group) == 1 and by_group[0]["scope"] == {"project": {"id": family["top"]}}
    path = f"/identity/v3/projects/{family['top']}/groups/{family['group']}/roles/{family['member']}"
    assert by_group[0]["links"]["assignment"].endswith(path)
    (inherited,) = listed(cloud, admin, user__id=family["ada"])
    assert inherited["scope"] == {"project": {"id": family["top"]}, "OS-INHERIT:inherited_to": "projects"}
    assert inherited["links"]["assignment"].endswith("/inherited_to_projects")
    assert listed(cloud, admin, **{"scope.OS-INHERIT:inherited_to": "projects"}) == [inherited]
    assert len(listed(cloud, admin, scope__system="all")) == 1
    assert len(listed(cloud, admin, scope__domain__id="default")) == 1
    assert len(listed(cloud, admin, role__id=family["member"])) == 2
    assert len(listed(cloud, admin, scope__project__id=family["top"])) == 2


def test_the_list_as_it_takes_effect(cloud: IdentityCloud, admin: str, family: dict[str, str]) -> None:
    found = listed(cloud, admin, user__id=family["ada"], effective="", include_names="")
    said = {(each["scope"]["project"]["name"], each["role"]["name"]) for each in found}
    assert said == {("top", "member"), ("top", "reader"), ("leaf", "reader")}
    ada = {"id": family["ada"], "name": "ada", "domain": {"id": "default", "name": "Default"}}
    assert all(each["user"] == ada for each in found)
    (implied,) = [each for each in found if "prior_role" in each["links"]]
    assert implied["links"]["prior_role"].endswith(f"/roles/{family['member']}/implies/{family['reader']}")
    assert implied["links"]["membership"].endswith(f"/groups/{family['group']}/users/{family['ada']}")
    assert len(listed(cloud, admin, effective="", scope__project__id=family["leaf"])) == 1
    below = listed(cloud, admin, effective="", scope__project__id=family["top"], include_subtree="")
    assert len(below) == 3
    assert len(listed(cloud, admin, effective="", role__id=family["reader"], user__id=family["ada"])) == 2


@pytest.mark.parametrize(
    "query",
    ["user.id=a&group.id=b", "scope.project.id=a&scope.domain.id=b", "effective&group.id=a", "include_subtree",
     "scope.OS-INHERIT:inherited_to=domains"],
)  # fmt: skip
def test_filters_that_exclude_each_other(cloud: IdentityCloud, admin: str, query: str) -> None:
    assert cloud.get(f"{V3}/role_assignments?{query}", as_=admin).status_code == 400


def test_who_sees_what(cloud: IdentityCloud, admin: str, member: str) -> None:
    assert cloud.get(f"{V3}/role_assignments", as_=member).status_code == 403
    branch = cloud.made("domains", admin, name="branch")["id"]
    boss = cloud.user("boss", admin, domain_id=branch)["id"]
    cloud.give(admin, "reader", boss, f"/domains/{branch}")
    token = cloud.auth(cloud.password("boss", domain=branch), {"domain": {"id": branch}}).headers["X-Subject-Token"]
    assert [each["user"]["id"] for each in listed(cloud, token)] == [boss]
