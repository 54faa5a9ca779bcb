"""Credentials: sealed at rest, seen by their owner."""

from kumoi.services.identity.credentials.models import credentials
from tests.services.identity.cloud import V3, IdentityCloud


def test_a_life(cloud: IdentityCloud, member: str, admin: str) -> None:
    made = cloud.made("credentials", member, type="cert", blob="very secret")
    path = f"{V3}/credentials/{made['id']}"
    assert cloud.get(path, as_=member).json["credential"]["blob"] == "very secret"
    assert "very secret" not in str(cloud.database.read(lambda tx: tx.all(credentials.select())))
    assert cloud.get(path, as_=cloud.log_in("reader")).status_code == 403
    assert cloud.get(path, as_=admin).status_code == 200
    changed = cloud.patch(path, as_=member, json={"credential": {"blob": {"a": 1}}})
    assert changed.json["credential"]["blob"] == '{"a":1}'
    assert cloud.patch(path, as_=member, json={"credential": {"type": "other"}}).status_code == 400
    assert cloud.delete(path, as_=cloud.log_in("reader")).status_code == 403
    assert cloud.delete(path, as_=member).status_code == 204
    assert cloud.get(path, as_=admin).status_code == 404


def test_lists(cloud: IdentityCloud, member: str, admin: str) -> None:
    cloud.made("credentials", member, type="cert", blob="1")
    cloud.made("credentials", admin, type="totp", blob="2")

    def types(token: str, **params: str) -> list[str]:
        listed = cloud.get(f"{V3}/credentials", as_=token, params=params).json["credentials"]
        return [each["type"] for each in listed]

    assert types(member) == ["cert"] and types(admin) == ["cert", "totp"] and types(admin, type="totp") == ["totp"]
    other = {"credential": {"type": "x", "blob": "y", "user_id": cloud.named("users", "admin", admin)}}
    assert cloud.post(f"{V3}/credentials", as_=member, json=other).status_code == 403


def test_ec2(cloud: IdentityCloud, member: str, admin: str) -> None:
    user, demo = cloud.named("users", "demo", admin), cloud.named("projects", "demo", admin)
    path = f"{V3}/users/{user}/credentials/OS-EC2"
    made = cloud.post(path, as_=member, json={"tenant_id": demo})
    assert made.status_code == 201
    keys = made.json["credential"]
    assert keys["tenant_id"] == demo and keys["user_id"] == user and len(keys["secret"]) == 32
    assert cloud.get(path, as_=member).json["credentials"] == [keys]
    assert cloud.get(f"{path}/{keys['access']}", as_=member).json["credential"] == keys
    (plain,) = cloud.get(f"{V3}/credentials?type=ec2", as_=member).json["credentials"]
    assert keys["secret"] in plain["blob"]
    again = {"credential": {"type": "ec2", "blob": plain["blob"], "project_id": demo}}
    assert cloud.post(f"{V3}/credentials", as_=member, json=again).status_code == 409
    changed = {"credential": {"blob": '{"access": "new", "secret": "s"}'}}
    assert cloud.patch(f"{V3}/credentials/{plain['id']}", as_=member, json=changed).status_code == 200
    assert cloud.get(f"{path}/{keys['access']}", as_=member).status_code == 404
    assert cloud.get(f"{path}/new", as_=member).json["credential"]["secret"] == "s"
    assert cloud.delete(f"{path}/new", as_=member).status_code == 204
    nowhere = {"tenant_id": "nothing"}
    assert cloud.post(path, as_=member, json=nowhere).status_code == 404
    reader = f"{V3}/users/{cloud.named('users', 'reader', admin)}/credentials/OS-EC2"
    assert cloud.post(reader, as_=cloud.log_in("reader"), json={"tenant_id": demo}).status_code == 403
    broken = {"credential": {"type": "ec2", "blob": "no keys", "project_id": demo}}
    assert cloud.post(f"{V3}/credentials", as_=member, json=broken).status_code == 400
    for depth in (200, 980, 100_000):
        deep = {"type": "ec2", "blob": f'{{"access": "a", "secret": {"[" * depth}{"]" * depth}}}', "project_id": demo}
        refused = cloud.post(f"{V3}/credentials", as_=member, json={"credential": deep})
        assert refused.status_code == 400 and "nested too deeply" in refused.text
    homeless = {"credential": {"type": "ec2", "blob": '{"access": "a", "secret": "s"}'}}
    assert cloud.post(f"{V3}/credentials", as_=member, json=homeless).status_code == 400


def test_they_go_with_the_user(cloud: IdentityCloud, admin: str) -> None:
    user = cloud.user("ada", admin)
    cloud.made("credentials", admin, type="cert", blob="x", user_id=user["id"])
    assert cloud.delete(f"{V3}/users/{user['id']}", as_=admin).status_code == 204
    assert cloud.get(f"{V3}/credentials", as_=admin).json["credentials"] == []
