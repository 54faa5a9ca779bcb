"""Projects, their trees and tags."""

from typing import Any

import pytest

from tests.services.identity.cloud import V3, IdentityCloud


def test_a_life(cloud: IdentityCloud, admin: str) -> None:
    made = cloud.made("projects", admin, name="p", description="d", tags=["b", "a"], colour="blue")
    assert made["parent_id"] == made["domain_id"] == "default" and made["is_domain"] is False
    assert made["tags"] == ["a", "b"] and made["colour"] == "blue" and made["options"] == {}
    path = f"{V3}/projects/{made['id']}"
    changes = {"name": "q", "description": None, "tags": ["c"], "colour": "red", "enabled": False}
    changed = cloud.patch(path, as_=admin, json={"project": changes}).json["project"]
    assert (changed["name"], changed["description"], changed["tags"], changed["colour"]) == ("q", "", ["c"], "red")
    assert cloud.get(path, as_=admin).json["project"] == changed
    assert cloud.delete(path, as_=admin).status_code == 204
    assert cloud.get(path, as_=admin).status_code == 404


def test_trees(cloud: IdentityCloud, admin: str) -> None:
    ids = ["default"]
    for level in range(3):
        ids.append(cloud.made("projects", admin, name=f"level{level}", parent_id=ids[-1])["id"])
    _, top, middle, leaf = ids
    fourth = cloud.made("projects", admin, name="fourth", parent_id=leaf)["id"]
    too_deep = {"project": {"name": "fifth", "parent_id": fourth}}
    assert cloud.post(f"{V3}/projects", as_=admin, json=too_deep).status_code == 403

    def shown(id: str, query: str) -> Any:
        return cloud.get(f"{V3}/projects/{id}?{query}", as_=admin).json["project"]

    assert shown(leaf, "parents_as_ids")["parents"] == {middle: {top: {"default": None}}}
    assert [each["project"]["id"] for each in shown(leaf, "parents_as_list")["parents"]] == [middle, top, "default"]
    assert shown(top, "subtree_as_ids")["subtree"] == {middle: {leaf: {fourth: None}}}
    assert [each["project"]["id"] for each in shown(top, "subtree_as_list")["subtree"]] == [middle, leaf, fourth]
    assert shown(fourth, "subtree_as_ids")["subtree"] is None
    assert cloud.get(f"{V3}/projects/{top}?subtree_as_ids&subtree_as_list", as_=admin).status_code == 400
    assert cloud.delete(f"{V3}/projects/{middle}", as_=admin).status_code == 403
    disable = {"project": {"enabled": False}}
    assert cloud.patch(f"{V3}/projects/{middle}", as_=admin, json=disable).status_code == 403
    for id in (fourth, leaf):
        assert cloud.patch(f"{V3}/projects/{id}", as_=admin, json=disable).status_code == 200
    enable = {"project": {"enabled": True}}
    assert cloud.patch(f"{V3}/projects/{fourth}", as_=admin, json=enable).status_code == 403
    move = {"project": {"parent_id": top}}
    assert cloud.patch(f"{V3}/projects/{fourth}", as_=admin, json=move).status_code == 403


def test_tags(cloud: IdentityCloud, admin: str) -> None:
    one = cloud.made("projects", admin, name="one", tags=["red", "big"])["id"]
    two = cloud.made("projects", admin, name="two", tags=["red"])["id"]

    def names(**params: str) -> list[str]:
        listed = cloud.get(f"{V3}/projects", as_=admin, params=params).json["projects"]
        return [each["name"] for each in listed if each["name"] in ("one", "two")]

    assert names(tags="red,big") == ["one"] and names(**{"tags-any": "red,big"}) == ["one", "two"]
    assert names(**{"not-tags": "red,big"}) == ["two"] and names(**{"not-tags-any": "big,x"}) == ["two"]
    path = f"{V3}/projects/{two}/tags"
    assert cloud.put(f"{path}/new", as_=admin).status_code == 201
    added = cloud.put(f"{path}/weiß%20%E6%97%A5%3F", as_=admin)
    assert added.status_code == 201 and added.headers["Location"].endswith(
        f"/projects/{two}/tags/wei%C3%9F%20%E6%97%A5%3F"
    )
    assert cloud.delete(f"{path}/weiß%20%E6%97%A5%3F", as_=admin).status_code == 204
    assert cloud.get(path, as_=admin).json["tags"] == ["new", "red"]
    assert cloud.get(f"{path}/new", as_=admin).status_code == 204
    assert cloud.get(f"{path}/old", as_=admin).status_code == 404
    assert cloud.delete(f"{path}/new", as_=admin).status_code == 204
    assert cloud.delete(f"{path}/new", as_=admin).status_code == 404
    assert cloud.put(path, as_=admin, json={"tags": ["x", "y"]}).json["tags"] == ["x", "y"]
    assert cloud.put(path, as_=admin, json={"tags": ["x", "x"]}).status_code == 400
    assert cloud.put(path, as_=admin, json={"tags": ["a,b"]}).status_code == 400
    assert cloud.delete(path, as_=admin).status_code == 204
    assert cloud.get(path, as_=admin).json["tags"] == []
    assert cloud.get(f"{V3}/projects/{one}/tags", as_=cloud.log_in("demo")).status_code == 403


@pytest.mark.parametrize(
    "values, status, field",
    [
        ({}, 400, "name"),
        ({"name": "x" * 65}, 400, "name"),
        ({"name": "demo"}, 409, "demo"),
        ({"name": "x", "domain_id": "nowhere"}, 404, "domain"),
        ({"name": "x", "parent_id": "nothing"}, 404, "project"),
        ({"name": "x", "enabled": 1}, 400, "enabled"),
        ({"name": "x", "tags": "red"}, 400, "tags"),
        ({"name": "x", "is_domain": True, "domain_id": "default"}, 400, "is_domain"),
        ({"name": "x", "options": {"immutable": "yes"}}, 400, "immutable"),
    ],
)
def test_bad_input(cloud: IdentityCloud, admin: str, values: dict[str, Any], status: int, field: str) -> None:
    refused = cloud.post(f"{V3}/projects", as_=admin, json={"project": values})
    assert refused.status_code == status and field in refused.json["error"]["message"]


def test_a_parent_of_another_domain(cloud: IdentityCloud, admin: str) -> None:
    branch = cloud.made("domains", admin, name="branch")["id"]
    inside = cloud.made("projects", admin, name="inside", parent_id=branch)
    assert inside["domain_id"] == branch
    body = {"project": {"name": "x", "domain_id": "default", "parent_id": inside["id"]}}
    assert cloud.post(f"{V3}/projects", as_=admin, json=body).status_code == 400


def test_immutable(cloud: IdentityCloud, admin: str) -> None:
    path = f"{V3}/projects/{cloud.made('projects', admin, name='rock', options={'immutable': True})['id']}"
    assert cloud.patch(path, as_=admin, json={"project": {"name": "sand"}}).status_code == 403
    assert cloud.delete(path, as_=admin).status_code == 403
    assert cloud.patch(path, as_=admin, json={"project": {"options": {"immutable": None}}}).status_code == 200
    assert cloud.delete(path, as_=admin).status_code == 204


def test_who_may(cloud: IdentityCloud, admin: str, member: str) -> None:
    own, other = cloud.named("projects", "demo", admin), cloud.named("projects", "admin", admin)
    assert cloud.get(f"{V3}/projects/{own}", as_=member).status_code == 200
    assert cloud.get(f"{V3}/projects/{other}", as_=member).status_code == 403
    assert cloud.get(f"{V3}/projects", as_=member).status_code == 403
    assert cloud.patch(f"{V3}/projects/{own}", as_=member, json={"project": {"name": "x"}}).status_code == 403
    assert cloud.post(f"{V3}/projects", as_=member, json={"project": {"name": "x"}}).status_code == 403
    user = cloud.named("users", "demo", admin)
    mine = cloud.get(f"{V3}/users/{user}/projects", as_=member).json["projects"]
    assert [each["name"] for each in mine] == ["demo"]


def test_lists_by_domain(cloud: IdentityCloud, admin: str) -> None:
    branch = cloud.made("domains", admin, name="branch")["id"]
    cloud.made("projects", admin, name="inside", domain_id=branch)

    def names(**params: str) -> list[str]:
        return [each["name"] for each in cloud.get(f"{V3}/projects", as_=admin, params=params).json["projects"]]

    assert names(domain_id=branch) == names(parent_id=branch) == names(name="inside") == ["inside"]
    assert names() == ["admin", "demo", "inside"] and names(is_domain="true") == ["Default", "branch"]
    assert names(enabled="0") == []
