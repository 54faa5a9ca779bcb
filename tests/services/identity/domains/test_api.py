"""Domains, and what is deleted with one."""

from tests.services.identity.cloud import V3, IdentityCloud


def test_a_life(cloud: IdentityCloud, admin: str) -> None:
    made = cloud.made("domains", admin, name="branch", description="d")
    path = f"{V3}/domains/{made['id']}"
    assert cloud.get(path, as_=admin).json["domain"] == made
    assert cloud.post(f"{V3}/domains", as_=admin, json={"domain": {"name": "branch"}}).status_code == 409
    inside = cloud.made("projects", admin, name="p", domain_id=made["id"])["id"]
    user = cloud.user("u", admin, domain_id=made["id"])["id"]
    group = cloud.made("groups", admin, name="g", domain_id=made["id"])["id"]
    role = cloud.made("roles", admin, name="r", domain_id=made["id"])["id"]
    cloud.give(admin, "member", user, f"/domains/{made['id']}")
    assert cloud.delete(path, as_=admin).status_code == 403
    assert cloud.patch(path, as_=admin, json={"domain": {"enabled": False}}).json["domain"]["enabled"] is False
    assert cloud.delete(path, as_=admin).status_code == 204
    for gone in (f"projects/{inside}", f"users/{user}", f"groups/{group}", f"roles/{role}", f"domains/{made['id']}"):
        assert cloud.get(f"{V3}/{gone}", as_=admin).status_code == 404
    left = cloud.get(f"{V3}/role_assignments", as_=admin).json["role_assignments"]
    assert len(left) == 5


def test_the_default_domain_stays(cloud: IdentityCloud, admin: str) -> None:
    path = f"{V3}/domains/default"
    assert cloud.patch(path, as_=admin, json={"domain": {"enabled": False}}).status_code == 403
    assert cloud.delete(path, as_=admin).status_code == 403


def test_a_domain_is_a_project_too(cloud: IdentityCloud, admin: str) -> None:
    made = cloud.made("projects", admin, name="branch", is_domain=True)
    assert made["is_domain"] is True and made["domain_id"] is None and made["parent_id"] is None
    assert cloud.get(f"{V3}/domains/{made['id']}", as_=admin).json["domain"]["name"] == "branch"
    assert cloud.get(f"{V3}/projects/default", as_=admin).json["project"]["is_domain"] is True


def test_lists(cloud: IdentityCloud, admin: str, member: str) -> None:
    cloud.made("domains", admin, name="branch", enabled=False)
    names = lambda **params: [  # noqa: E731
        each["name"] for each in cloud.get(f"{V3}/domains", as_=admin, params=params).json["domains"]
    ]
    assert names() == ["Default", "branch"] and names(name="branch") == names(enabled="false") == ["branch"]
    assert cloud.get(f"{V3}/domains", as_=member).status_code == 403
    assert cloud.get(f"{V3}/domains/default", as_=member).status_code == 200
    assert cloud.post(f"{V3}/domains", as_=member, json={"domain": {"name": "x"}}).status_code == 403
    assert cloud.post(f"{V3}/domains", as_=admin, json={"domain": {"name": ""}}).status_code == 400
    token = cloud.log_in("admin", {"domain": {"id": "default"}})
    assert [each["id"] for each in cloud.get(f"{V3}/domains", as_=token).json["domains"]] == ["default"]
