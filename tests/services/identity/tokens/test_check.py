"""Which tokens hold, in every process, from one request to the next."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kumoi.kernel import clock
from kumoi.kernel.clock import SECOND, VirtualClock
from kumoi.kernel.database import Database
from kumoi.kernel.errors import Unauthorized
from kumoi.kernel.tokens import Keys, Payload
from kumoi.services.identity import facade
from tests.services.identity.cloud import V3, IdentityCloud, project


def refused(cloud: IdentityCloud, token: str) -> bool:
    """In a request, in the check of another's token, and in an exchange for another token."""
    admin = cloud.log_in("admin")
    answers = (
        cloud.get(f"{V3}/auth/projects", as_=token).status_code == 401,
        cloud.check(admin, token).status_code == 404,
        cloud.auth({"methods": ["token"], "token": {"id": token}}, "unscoped").status_code == 401,
    )
    assert len(set(answers)) == 1, answers
    return answers[0]


def test_a_good_one_holds(cloud: IdentityCloud, member: str) -> None:
    assert not refused(cloud, member)


def _changed_end(token: str) -> str:
    return token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]


@pytest.mark.parametrize(
    "spoil",
    [_changed_end, lambda token: token[:-20], lambda token: "x", lambda token: "gAAAAAB" + "é" * 40, lambda token: token * 2],
)  # fmt: skip
def test_garbled(cloud: IdentityCloud, member: str, spoil: Callable[[str], str]) -> None:
    spoilt = spoil(member)
    if spoilt.isascii():
        assert refused(cloud, spoilt)
    with pytest.raises(Unauthorized):
        cloud.api.authenticate(cloud.database, spoilt)


def test_of_another_cloud(cloud: IdentityCloud, tmp_path: Path, member: str) -> None:
    Keys.create(tmp_path / "other")
    payload = Keys.load(cloud.folder.keys).open(member)
    assert not refused(cloud, Keys.load(cloud.folder.keys).seal(payload))
    assert refused(cloud, Keys.load(tmp_path / "other").seal(payload))


def test_expired(cloud: IdentityCloud) -> None:
    with clock.using(VirtualClock()):
        token = cloud.log_in("demo")
        assert not refused(cloud, token)
        clock.sleep(3599)
        assert not refused(cloud, token)
        clock.sleep(2)
        assert refused(cloud, token)
        admin = cloud.log_in("admin")
        assert cloud.check(admin, token, params={"allow_expired": "1"}).json["token"]["project"]["name"] == "demo"
        assert cloud.check(admin, token).status_code == 404
        clock.sleep(48 * 3600)
        assert cloud.check(cloud.log_in("admin"), token, params={"allow_expired": "1"}).status_code == 404


def test_revoked_with_what_was_made_from_it(cloud: IdentityCloud) -> None:
    def exchanged(token: str) -> str:
        made = cloud.auth({"methods": ["token"], "token": {"id": token}}, project("demo"))
        return str(made.headers["X-Subject-Token"])

    first = cloud.log_in("demo", "unscoped")
    second = exchanged(first)
    third, sibling, other = exchanged(second), exchanged(first), cloud.log_in("demo")
    gone = cloud.delete(f"{V3}/auth/tokens", as_=second, headers={"X-Subject-Token": second})
    assert gone.status_code == 204
    assert refused(cloud, second) and refused(cloud, third)
    assert not refused(cloud, first) and not refused(cloud, sibling) and not refused(cloud, other)
    again = cloud.delete(f"{V3}/auth/tokens", as_=first, headers={"X-Subject-Token": second})
    assert again.status_code == 404


@pytest.mark.parametrize("kind", ["users", "projects", "domains"])
def test_disabled_and_enabled_again(cloud: IdentityCloud, admin: str, kind: str) -> None:
    """Tokens issued before stay revoked."""
    domain = cloud.made("domains", admin, name="branch")
    home = cloud.made("projects", admin, name="home", domain_id=domain["id"])
    user = cloud.user("ada", admin, domain_id=domain["id"], default_project_id=home["id"])
    cloud.give(admin, "member", user["id"], f"/projects/{home['id']}")

    def log_in() -> str:
        return str(cloud.auth(cloud.password("ada", domain=domain["id"])).headers["X-Subject-Token"])

    token = log_in()
    assert not refused(cloud, token)
    id = {"users": user["id"], "projects": home["id"], "domains": domain["id"]}[kind]
    one = kind.removesuffix("s")
    assert cloud.patch(f"{V3}/{kind}/{id}", as_=admin, json={one: {"enabled": False}}).json[one]["enabled"] is False
    assert refused(cloud, token)
    if kind != "projects":
        assert cloud.auth(cloud.password("ada", domain=domain["id"])).status_code == 401
    else:
        assert "project" not in cloud.auth(cloud.password("ada", domain=domain["id"])).json["token"]
    assert cloud.patch(f"{V3}/{kind}/{id}", as_=admin, json={one: {"enabled": True}}).json[one]["enabled"] is True
    assert refused(cloud, token)
    assert not refused(cloud, log_in())


def test_deleted_user_and_project(cloud: IdentityCloud, admin: str) -> None:
    home = cloud.made("projects", admin, name="home")
    user = cloud.user("ada", admin, default_project_id=home["id"])
    cloud.give(admin, "member", user["id"], f"/projects/{home['id']}")
    scoped, unscoped = cloud.log_in("ada"), cloud.log_in("ada", "unscoped")
    assert cloud.delete(f"{V3}/projects/{home['id']}", as_=admin).status_code == 204
    assert refused(cloud, scoped) and not refused(cloud, unscoped)
    assert cloud.delete(f"{V3}/users/{user['id']}", as_=admin).status_code == 204
    assert refused(cloud, unscoped)


def test_roles_are_those_of_now(cloud: IdentityCloud, admin: str, member: str) -> None:
    demo, user = cloud.named("projects", "demo", admin), cloud.named("users", "demo", admin)
    path = f"{V3}/projects/{demo}/users/{user}/roles/"
    assert cloud.api.authenticate(cloud.database, member).roles == {"member", "reader"}
    cloud.give(admin, "manager", user, f"/projects/{demo}")
    assert cloud.api.authenticate(cloud.database, member).roles == {"manager", "member", "reader"}
    assert len(cloud.check(member).json["token"]["roles"]) == 3
    for role in ("manager", "member"):
        assert cloud.delete(path + cloud.named("roles", role, admin), as_=admin).status_code == 204
    assert refused(cloud, member)


def test_from_the_next_request_on_in_every_process(cloud: IdentityCloud, admin: str) -> None:
    """Two authenticators on two connections, as in two API workers; each has a cache."""
    other = Database(cloud.database.url)
    here, there = cloud.api.authenticate, facade.authenticator(cloud.folder.keys)
    assert here(cloud.database, admin) == there(other, admin)
    demo = cloud.log_in("demo")
    assert there(other, demo).user_name == "demo"
    gone = cloud.delete(f"{V3}/auth/tokens", as_=admin, headers={"X-Subject-Token": demo})
    assert gone.status_code == 204
    for check, database in ((here, cloud.database), (there, other)):
        with pytest.raises(Unauthorized):
            check(database, demo)
        assert check(database, admin).is_admin
    other.close()


def test_who_may_look_at_whose(cloud: IdentityCloud, admin: str, member: str) -> None:
    assert cloud.check(admin, member).json["token"]["user"]["name"] == "demo"
    assert cloud.check(member, admin).status_code == 403
    assert cloud.check(cloud.log_in("reader"), member).status_code == 403
    mine = cloud.log_in("demo", "unscoped")
    assert cloud.check(member, mine).status_code == 200
    assert cloud.delete(f"{V3}/auth/tokens", as_=member, headers={"X-Subject-Token": admin}).status_code == 403
    assert cloud.get(f"{V3}/auth/tokens", as_=admin).status_code == 404
    head = cloud.call("HEAD", f"{V3}/auth/tokens", as_=admin, headers={"X-Subject-Token": member})
    assert head.status_code == 200 and not head.content


def test_a_chain_ends(cloud: IdentityCloud) -> None:
    token = cloud.log_in("demo", "unscoped")
    for _ in range(40):
        made = cloud.auth({"methods": ["token"], "token": {"id": token}}, "unscoped")
        if made.status_code != 201:
            break
        token = made.headers["X-Subject-Token"]
    assert made.status_code == 403 and "too often" in made.json["error"]["message"]


def test_revocations_are_forgotten_in_time(cloud: IdentityCloud) -> None:
    from kumoi.services.identity.tokens.models import revocations

    with clock.using(VirtualClock()):
        for _ in range(3):
            token = cloud.log_in("demo")
            cloud.delete(f"{V3}/auth/tokens", as_=token, headers={"X-Subject-Token": token})
            clock.sleep(50 * 3600)
    assert len(cloud.database.read(lambda tx: tx.all(revocations.select()))) == 1


def test_a_payload_of_ids_only(cloud: IdentityCloud, member: str) -> None:
    """No role and no name: permissions are looked up, not stored in the token."""
    payload = Keys.load(cloud.folder.keys).open(member)
    assert isinstance(payload, Payload) and payload.expires_at - payload.issued_at == 3600 * SECOND
    assert "member" not in str(payload) and "demo" not in str(payload)
