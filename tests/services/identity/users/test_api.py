"""Users through the API, and their passwords."""

import pytest

from kumoi.kernel.errors import Unauthorized
from kumoi.services.identity import facade, passwords
from kumoi.services.identity.users import logic
from kumoi.services.identity.users.models import users
from tests.services.identity.cloud import V3, IdentityCloud, project


def test_a_life(cloud: IdentityCloud, admin: str) -> None:
    made = cloud.user("ada", admin, email="ada@example", description="first")
    assert made["email"] == "ada@example" and made["domain_id"] == "default" and made["enabled"] is True
    assert (
        made["password_expires_at"] is None
        and "default_project_id" not in made
        and "password" not in str(made.keys() - {"password_expires_at"})
    )
    assert made["links"]["self"].endswith(f"/identity/v3/users/{made['id']}")
    path = f"{V3}/users/{made['id']}"
    changed = cloud.patch(path, as_=admin, json={"user": {"name": "lovelace", "email": "l@example", "extra": [1]}})
    assert changed.json["user"]["email"] == "l@example" and changed.json["user"]["extra"] == [1]
    assert cloud.get(path, as_=admin).json["user"] == changed.json["user"]
    assert cloud.delete(path, as_=admin).status_code == 204
    gone = cloud.get(path, as_=admin)
    assert gone.status_code == 404 and gone.json["error"]["message"] == f"Could not find user: {made['id']}."


def test_names_are_unique_in_a_domain(cloud: IdentityCloud, admin: str) -> None:
    again = cloud.post(f"{V3}/users", as_=admin, json={"user": {"name": "demo"}})
    assert again.status_code == 409 and "demo" in again.json["error"]["message"]
    branch = cloud.made("domains", admin, name="branch")
    assert cloud.user("demo", admin, domain_id=branch["id"])["domain_id"] == branch["id"]
    assert cloud.post(f"{V3}/users", as_=admin, json={"user": {"name": "x", "domain_id": "no"}}).status_code == 404


@pytest.mark.parametrize(
    "values, field",
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x", "enabled": "yes"}, "enabled"),
        ({"name": "x", "password": 5}, "password"),
        ({"name": "x", "options": {"nonsense": True}}, "nonsense"),
        ({"name": "x", "options": {"lock_password": "yes"}}, "lock_password"),
    ],
)
def test_bad_input_names_the_field(cloud: IdentityCloud, admin: str, values: dict[str, object], field: str) -> None:
    refused = cloud.post(f"{V3}/users", as_=admin, json={"user": values})
    assert refused.status_code == 400 and field in refused.json["error"]["message"]


def test_filters_and_pages(cloud: IdentityCloud, admin: str) -> None:
    for name in ("Ann", "anna", "Hanna", "bob"):
        cloud.made("users", admin, name=name, enabled=name != "bob")

    def names(**params: str) -> list[str]:
        return [user["name"] for user in cloud.get(f"{V3}/users", as_=admin, params=params).json["users"]]

    assert names(name="anna") == ["anna"]
    assert sorted(names(name__contains="ann")) == ["Hanna", "anna"]
    assert sorted(names(name__icontains="ANN")) == ["Ann", "Hanna", "anna"]
    assert names(name__startswith="an") == ["anna"]
    assert sorted(names(name__istartswith="an")) == ["Ann", "anna"]
    assert sorted(names(name__endswith="nna")) == ["Hanna", "anna"]
    assert names(name__contains="%") == [] and names(enabled="false") == ["bob"]
    assert cloud.get(f"{V3}/users", as_=admin, params={"name__like": "x"}).status_code == 400
    first = cloud.get(f"{V3}/users", as_=admin, params={"limit": "3"}).json
    seen = [user["id"] for user in first["users"]]
    following = first["links"]["next"]
    while following:
        page = cloud.get(following.split("localhost", 1)[-1].split("falconframework.org", 1)[-1], as_=admin).json
        seen += [user["id"] for user in page["users"]]
        following = page["links"]["next"]
    assert len(seen) == len(set(seen)) == 7
    assert cloud.get(f"{V3}/users", as_=admin, params={"limit": "x"}).status_code == 400
    assert cloud.get(f"{V3}/users", as_=admin, params={"marker": "x"}).status_code == 400


@pytest.mark.parametrize("name", ["unique_id", "idp_id", "protocol_id"])
def test_nobody_comes_from_another_provider(cloud: IdentityCloud, admin: str, name: str) -> None:
    assert cloud.get(f"{V3}/users", as_=admin, params={name: "x"}).json["users"] == []


def test_no_password_expires_before_or_after_anything(cloud: IdentityCloud, admin: str) -> None:
    group = cloud.made("groups", admin, name="crew")["id"]
    demo = cloud.named("users", "demo", admin)
    cloud.put(f"{V3}/groups/{group}/users/{demo}", as_=admin)
    for path in (f"{V3}/users", f"{V3}/groups/{group}/users"):
        assert cloud.get(path, as_=admin).json["users"] != []
        for how in ("", "lt:", "lte:", "gt:", "gte:", "eq:", "neq:"):
            asked = cloud.get(path, as_=admin, params={"password_expires_at": f"{how}2026-12-08T22:02:00Z"})
            assert asked.status_code == 200 and asked.json["users"] == [], how
        for wrong in ("lt:tomorrow", "tomorrow", "like:2026-12-08T22:02:00Z", ""):
            refused = cloud.get(path, as_=admin, params={"password_expires_at": wrong})
            assert refused.status_code == 400 and "password_expires_at" in refused.text, wrong


def test_who_may(cloud: IdentityCloud, admin: str, member: str) -> None:
    demo, other = cloud.named("users", "demo", admin), cloud.named("users", "reader", admin)
    assert cloud.get(f"{V3}/users", as_=member).status_code == 403
    assert cloud.get(f"{V3}/users/{demo}", as_=member).status_code == 200
    assert cloud.get(f"{V3}/users/{other}", as_=member).status_code == 403
    assert cloud.get(f"{V3}/users/nobody", as_=member).status_code == 403
    assert cloud.patch(f"{V3}/users/{demo}", as_=member, json={"user": {"name": "x"}}).status_code == 403
    assert cloud.post(f"{V3}/users", as_=member, json={"user": {"name": "x", "password": "y"}}).status_code == 403
    assert cloud.delete(f"{V3}/users/{demo}", as_=member).status_code == 403
    assert cloud.get(f"{V3}/users", as_=None).status_code == 401
    cloud.give(admin, "reader", demo, "/system")
    auditor = cloud.log_in("demo", {"system": {"all": True}})
    assert len(cloud.get(f"{V3}/users", as_=auditor).json["users"]) == 3
    assert cloud.post(f"{V3}/users", as_=auditor, json={"user": {"name": "x"}}).status_code == 403


def test_manager_of_a_domain(cloud: IdentityCloud, admin: str) -> None:
    branch = cloud.made("domains", admin, name="branch")
    boss = cloud.user("boss", admin, domain_id=branch["id"])
    cloud.give(admin, "manager", boss["id"], f"/domains/{branch['id']}")
    identity = cloud.password("boss", domain=branch["id"])
    token = cloud.auth(identity, {"domain": {"id": branch["id"]}}).headers["X-Subject-Token"]
    clerk = cloud.user("clerk", token)
    assert clerk["domain_id"] == branch["id"]
    assert {user["name"] for user in cloud.get(f"{V3}/users", as_=token).json["users"]} == {"boss", "clerk"}
    elsewhere = {"user": {"name": "x", "domain_id": "default"}}
    assert cloud.post(f"{V3}/users", as_=token, json=elsewhere).status_code == 403
    home = cloud.made("projects", token, name="home")
    cloud.give(token, "member", clerk["id"], f"/projects/{home['id']}")
    role = cloud.named("roles", "admin", admin)
    ruler = cloud.user("ruler", admin, domain_id=branch["id"])
    cloud.give(admin, "admin", ruler["id"], "/system")
    takeover = {"user": {"password": "mine now"}}
    assert cloud.patch(f"{V3}/users/{ruler['id']}", as_=token, json=takeover).status_code == 403
    assert cloud.delete(f"{V3}/users/{ruler['id']}", as_=token).status_code == 403
    assert cloud.patch(f"{V3}/users/{clerk['id']}", as_=token, json=takeover).status_code == 200
    rulers = cloud.made("groups", token, name="rulers")["id"]
    join = f"{V3}/groups/{rulers}/users/{boss['id']}"
    assert cloud.put(join, as_=token).status_code == cloud.delete(join, as_=token).status_code == 204
    cloud.put(f"{V3}/system/groups/{rulers}/roles/{cloud.named('roles', 'admin', admin)}", as_=admin)
    assert cloud.put(join, as_=token).status_code == 403
    grab = f"{V3}/domains/{branch['id']}/users/{boss['id']}/roles/{role}"
    assert cloud.put(grab, as_=token).status_code == 403


@pytest.mark.parametrize(
    ("role", "place"), [("reader", "/system"), ("service", "/projects/{}"), ("boss", "/projects/{}")]
)
@pytest.mark.parametrize("by", ["user", "group"])
def test_a_domains_manager_takes_over_nobody_who_reaches_beyond_it(
    cloud: IdentityCloud, admin: str, role: str, place: str, by: str
) -> None:
    """Users with roles on the system, services, and users with a role that implies such a role."""
    implying = cloud.made("roles", admin, name="boss")["id"]
    implies = f"{V3}/roles/{implying}/implies/{cloud.named('roles', 'service', admin)}"
    assert cloud.put(implies, as_=admin).status_code == 201
    branch = cloud.made("domains", admin, name="branch")["id"]
    boss, robot = (cloud.user(name, admin, domain_id=branch)["id"] for name in ("chief", "robot"))
    cloud.give(admin, "manager", boss, f"/domains/{branch}")
    token = cloud.auth(cloud.password("chief", domain=branch), {"domain": {"id": branch}}).headers["X-Subject-Token"]
    target = f"{V3}{place.format(cloud.made('projects', admin, name='far')['id'])}"
    takeover = {"user": {"password": "mine now"}}
    assert cloud.patch(f"{V3}/users/{robot}", as_=token, json=takeover).status_code == 200
    role_id = cloud.named("roles", role, admin)
    actor = f"users/{robot}"
    if by == "group":
        group = cloud.made("groups", token, name="robots")["id"]
        assert cloud.put(f"{V3}/groups/{group}/users/{robot}", as_=token).status_code == 204
        actor = f"groups/{group}"
    assert cloud.put(f"{target}/{actor}/roles/{role_id}", as_=admin).status_code == 204
    assert cloud.patch(f"{V3}/users/{robot}", as_=token, json=takeover).status_code == 403
    assert cloud.delete(f"{V3}/users/{robot}", as_=token).status_code == 403


def test_changing_ones_password(cloud: IdentityCloud, admin: str) -> None:
    user = cloud.named("users", "demo", admin)
    token, path = cloud.log_in("demo"), f"{V3}/users/{user}/password"
    other = facade.authenticator(cloud.folder.keys)
    assert other(cloud.database, token).user_name == "demo"
    wrong = {"user": {"password": "new password", "original_password": "guess"}}
    assert cloud.post(path, as_=token, json=wrong).status_code == 401
    unknown = f"{V3}/users/nobody/password"
    assert cloud.post(unknown, as_=None, json=wrong).status_code == 401
    right = {"user": {"password": "new password", "original_password": "demo password"}}
    assert cloud.post(path, as_=None, json=right).status_code == 204
    assert cloud.check(admin, token).status_code == 404
    with pytest.raises(Unauthorized):
        other(cloud.database, token)
    assert cloud.auth(cloud.password("demo")).status_code == 401
    assert cloud.auth(cloud.password("demo", "new password")).status_code == 201


def test_changed_by_somebody_else_meanwhile(cloud: IdentityCloud, admin: str) -> None:
    user = cloud.named("users", "demo", admin)
    before = cloud.database.read(lambda tx: logic.own_password(tx, user))
    change = {"user": {"password": "by the admin"}}
    assert cloud.patch(f"{V3}/users/{user}", as_=admin, json=change).status_code == 200
    with pytest.raises(Unauthorized):
        cloud.database.write(lambda tx: logic.change_password(tx, user, before, "x"))


def test_a_login_with_a_password_that_is_being_changed(
    cloud: IdentityCloud, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = cloud.named("users", "demo", admin)

    def slowly(*_: object) -> bool:
        change = {"user": {"password": "by the admin"}}
        assert cloud.patch(f"{V3}/users/{user}", as_=admin, json=change).status_code == 200
        return True

    monkeypatch.setattr(passwords, "matches", slowly)
    assert cloud.auth(cloud.password("demo")).status_code == 401


def test_an_admin_sets_it(cloud: IdentityCloud, admin: str) -> None:
    user = cloud.named("users", "demo", admin)
    token = cloud.log_in("demo")
    changed = cloud.patch(f"{V3}/users/{user}", as_=admin, json={"user": {"password": "p" * 200}})
    assert changed.status_code == 200 and "password" not in changed.json["user"]
    assert cloud.check(admin, token).status_code == 404
    assert cloud.auth(cloud.password("demo", "p" * 199 + "q")).status_code == 401
    assert cloud.auth(cloud.password("demo", "p" * 200)).status_code == 201
    assert cloud.patch(f"{V3}/users/{user}", as_=admin, json={"user": {"password": None}}).status_code == 200
    assert cloud.auth(cloud.password("demo", "p" * 200)).status_code == 401


def test_a_locked_password(cloud: IdentityCloud, admin: str) -> None:
    user = cloud.user("bot", admin, options={"lock_password": True})
    body = {"user": {"password": "other", "original_password": "bot password"}}
    assert cloud.post(f"{V3}/users/{user['id']}/password", as_=None, json=body).status_code == 400


def test_passwords_are_hashed_and_nowhere_else(cloud: IdentityCloud, admin: str) -> None:
    cloud.user("ada", admin, original_password="sneaky secret")
    rows = cloud.database.read(lambda tx: tx.all(users.select()))
    assert all(row["password_hash"].startswith("$2b$") for row in rows)
    assert "ada password" not in str(rows) and "sneaky secret" not in str(rows)


def test_no_project_is_needed(cloud: IdentityCloud, admin: str) -> None:
    user = cloud.user("ada", admin)
    assert cloud.auth(cloud.password("ada")).json["token"].keys() >= {"user", "methods"}
    assert cloud.auth(cloud.password("ada"), project("demo")).status_code == 401
    assert cloud.get(f"{V3}/users/{user['id']}/projects", as_=admin).json["projects"] == []
    assert cloud.get(f"{V3}/users/{user['id']}/projects", as_=cloud.log_in("ada")).status_code == 200


def test_reset_by_the_operator(cloud: IdentityCloud, admin: str) -> None:
    kept = facade.hash_password("found again", 4)
    cloud.database.write(lambda tx: facade.reset_password(tx, "admin", kept))
    assert cloud.check(admin).status_code == 401
    assert cloud.auth(cloud.password("admin", "found again")).status_code == 201
