"""The contents of a new cloud; repeating the bootstrap changes nothing."""

from typing import Any

from kumoi.kernel import epochs
from kumoi.services.identity.bootstrap import bootstrap
from tests.services.identity.cloud import PASSWORDS, V3, IdentityCloud, contents, hashes, project


def test_again_it_changes_nothing(cloud: IdentityCloud, admin: str) -> None:
    demo, user = cloud.named("projects", "demo", admin), cloud.named("users", "demo", admin)
    member = cloud.named("roles", "member", admin)
    cloud.delete(f"{V3}/projects/{demo}/users/{user}/roles/{member}", as_=admin)
    before = cloud.database.read(contents)
    epoch = cloud.database.read(lambda tx: epochs.current(tx, "identity"))
    other = hashes(dict.fromkeys(PASSWORDS, "another"))
    cloud.database.write(lambda tx: bootstrap(tx, cloud.settings, other))
    assert cloud.database.read(contents) == before
    assert cloud.database.read(lambda tx: epochs.current(tx, "identity")) == epoch


def test_who_may_do_what_in_a_new_cloud(cloud: IdentityCloud) -> None:
    def roles(name: str, scope: Any) -> list[str]:
        return [role["name"] for role in cloud.auth(cloud.password(name), scope).json["token"]["roles"]]

    everything = ["admin", "manager", "member", "reader"]
    assert roles("admin", project("admin")) == roles("admin", {"system": {"all": True}}) == everything
    assert roles("admin", {"domain": {"id": "default"}}) == everything
    assert roles("demo", project("demo")) == ["member", "reader"] and roles("reader", project("demo")) == ["reader"]
