"""A creating POST that is sent twice with one Idempotency-Key creates one resource and gets one reply, on both
databases."""

import dataclasses
import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.kernel.clock import SECOND
from kumoi.kernel.idempotency import KEPT, Once, forget_old, replies
from kumoi.kernel.tokens import Keys
from kumoi.services.compute.consoles.models import tokens as console_tokens
from kumoi.services.identity import passwords
from tests.cloud import CALLERS, Cloud
from tests.services.compute import world as worlds
from tests.services.identity.cloud import V3, IdentityCloud
from tests.waits import PATIENCE, at_once

KEYPAIRS = "/compute/v2.1/os-keypairs"


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[Cloud]:
    made = Cloud(tmp_path, database_url)
    yield made
    made.close()


def create(cloud: Cloud, key: str, name: str = "one", as_: str = "member") -> Any:
    return cloud.post(KEYPAIRS, as_=as_, headers={"Idempotency-Key": key}, json={"keypair": {"name": name}})


def test_the_first_answer_comes_again_secrets_included(cloud: Cloud) -> None:
    first, second = create(cloud, "k1"), create(cloud, "k1")
    assert first.status_code == second.status_code == 200
    assert first.json == second.json and "PRIVATE KEY" in second.json["keypair"]["private_key"]
    kept = cloud.database.read(lambda tx: tx.scalar(sa.select(replies.c.reply)))
    assert "PRIVATE" not in kept and len(cloud.get(KEYPAIRS).json["keypairs"]) == 1


def test_another_body_is_refused(cloud: Cloud) -> None:
    create(cloud, "k1")
    assert create(cloud, "k1", name="two").status_code == 422
    assert create(cloud, "").status_code == 400


def test_a_key_belongs_to_its_user(cloud: Cloud) -> None:
    mine, theirs = create(cloud, "k1"), create(cloud, "k1", as_="other")
    assert mine.json["keypair"]["private_key"] != theirs.json["keypair"]["private_key"]


def test_a_key_belongs_to_what_its_token_may_do() -> None:
    keys, one = Keys([Fernet.generate_key()]), CALLERS["member"]
    others = (
        {"application_credential_id": "a"}, {"roles": frozenset({"reader"})}, {"project_id": None},
        {"project_id": None, "system": True}, {"project_id": None, "domain_id": one.project_id},
    )  # fmt: skip
    asking = [one, *(dataclasses.replace(one, **other) for other in others)]
    assert len({Once(keys, who, "a route", "k", b"").key for who in asking}) == len(asking)
    assert Once(keys, dataclasses.replace(one), "a route", "k", b"").key == Once(keys, one, "a route", "k", b"").key


def test_a_restricted_credential_is_not_given_the_secret_of_another(identity: IdentityCloud) -> None:
    token = identity.log_in("demo")
    shown = identity.get(f"{V3}/auth/tokens", as_=token, headers={"X-Subject-Token": token}).json["token"]
    path = f"{V3}/users/{shown['user']['id']}/application_credentials"
    weak, strong = (
        {"application_credential": values}
        for values in ({"name": "weak", "roles": [{"name": "reader"}]}, {"name": "strong"})
    )
    its = identity.post(path, as_=token, json=weak).json["application_credential"]
    asked = {"json": strong, "headers": {"Idempotency-Key": "k"}}
    assert identity.post(path, as_=token, **asked).status_code == 201
    credential = {"id": its["id"], "secret": its["secret"]}
    restricted = identity.auth({"methods": ["application_credential"], "application_credential": credential})
    refused = identity.post(path, as_=restricted.headers["X-Subject-Token"], **asked)
    assert refused.status_code == 403 and "secret" not in refused.text


def test_what_is_kept_of_a_body_tells_nobody_whether_a_guess_is_right(cloud: Cloud) -> None:
    create(cloud, "k1")
    create(cloud, "k2")
    kept = cloud.database.read(lambda tx: tx.all(sa.select(replies)))
    body = json.dumps({"keypair": {"name": "one"}}).encode()
    guesses = {hashlib.sha256(row["key"].encode() + body).hexdigest() for row in kept}
    guesses.add(hashlib.sha256(body).hexdigest())
    other = Keys([Fernet.generate_key()])
    guesses |= {digest for row in kept for digest in other.digests(row["key"].encode() + body)}
    assert not guesses & {row["body"] for row in kept}


def test_another_key_of_the_cloud_signs_and_the_answer_comes_again(cloud: Cloud) -> None:
    first = create(cloud, "k1")
    file = cloud.folder.keys / "tokens"
    old, new = file.read_bytes(), Fernet.generate_key() + b"\n"
    file.write_bytes(new + old)
    cloud.api.keys = Keys.load(cloud.folder.keys)
    assert create(cloud, "k1").json == first.json
    assert create(cloud, "k1", name="two").status_code == 422
    file.write_bytes(new)
    cloud.api.keys = Keys.load(cloud.folder.keys)
    late = create(cloud, "k1")
    assert late.status_code == 409 and "no longer" in late.text
    assert len(cloud.get(KEYPAIRS).json["keypairs"]) == 1


def test_a_refusal_is_not_kept(cloud: Cloud) -> None:
    create(cloud, "k0", name="taken")
    assert create(cloud, "k1", name="taken").status_code == 409
    cloud.delete(f"{KEYPAIRS}/taken")
    assert create(cloud, "k1", name="taken").status_code == 200


def test_twenty_at_once_make_one(cloud: Cloud) -> None:
    answers = at_once([lambda: create(cloud, "same")] * 20)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["keypair"]["private_key"] for answer in answers}) == 1


def test_after_a_day_it_is_a_new_question(cloud: Cloud) -> None:
    create(cloud, "k1")
    cloud.delete(f"{KEYPAIRS}/one")
    cloud.database.write(
        lambda tx: tx.execute(replies.update().values(created_at=replies.c.created_at - KEPT - SECOND))
    )
    assert create(cloud, "k1").status_code == 200
    assert cloud.database.write(forget_old) == 0


@pytest.fixture
def identity(tmp_path: Path, database_url: str) -> Iterator[IdentityCloud]:
    made = IdentityCloud(tmp_path, database_url)
    yield made
    made.close()


def made_by_identity(identity: IdentityCloud) -> tuple[str, dict[str, tuple[str, dict[str, Any]]]]:
    """A token, and path → (key of the list at that path, body)."""
    token = identity.log_in("admin")
    user = identity.named("users", "admin", token)
    project = identity.named("projects", "admin", token)
    credential = {"type": "cert", "blob": "b", "user_id": user}
    return token, {
        "/users": ("users", {"user": {"name": "x", "password": "secret words"}}),
        f"/users/{user}/application_credentials": (
            "application_credentials",
            {"application_credential": {"name": "x"}},
        ),
        f"/users/{user}/credentials/OS-EC2": ("credentials", {"tenant_id": project}),
        "/credentials": ("credentials", {"credential": credential}),
    }


def test_what_is_hashed_or_sealed_before_is_made_once(identity: IdentityCloud) -> None:
    token, bodies = made_by_identity(identity)
    for path, (listed, body) in bodies.items():
        before = len(identity.get(V3 + path, as_=token).json[listed])
        first, second, other = (
            identity.post(V3 + path, as_=token, json=asked, headers={"Idempotency-Key": "k"})
            for asked in (body, body, {**body, "more": 1})
        )
        assert first.status_code == 201 and (first.status_code, first.json) == (second.status_code, second.json), path
        assert other.status_code == 422, path
        assert len(identity.get(V3 + path, as_=token).json[listed]) == before + 1, path
    kept = identity.database.read(lambda tx: tx.all(sa.select(replies.c.reply)))
    assert len(kept) == len(bodies) and "secret" not in str(kept)


def test_the_answer_comes_again_after_a_restart(identity: IdentityCloud, tmp_path: Path) -> None:
    token, bodies = made_by_identity(identity)
    (path,) = (path for path in bodies if path.endswith("application_credentials"))
    asked = {"as_": token, "json": bodies[path][1], "headers": {"Idempotency-Key": "k"}}
    first = identity.post(V3 + path, **asked)
    again = Cloud(tmp_path, identity.database.url, authenticator=identity.api.authenticate, create=False)
    assert again.post(V3 + path, **asked).json == first.json
    again.close()


def test_who_asks_while_the_first_still_hashes_gets_its_answer(
    identity: IdentityCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, bodies = made_by_identity(identity)
    (path,) = (path for path in bodies if path.endswith("application_credentials"))
    asked = {"as_": token, "json": bodies[path][1], "headers": {"Idempotency-Key": "k"}}
    both, hashed = threading.Barrier(2), passwords.hashed

    def together(text: str, rounds: int) -> str:
        """Neither may write before the other has found no stored reply."""
        both.wait(PATIENCE)
        return hashed(text, rounds)

    monkeypatch.setattr(passwords, "hashed", together)
    # The lane of hashes would serialize them.
    monkeypatch.setattr(passwords.LANE, "run", lambda work: work())
    answers = at_once([lambda: identity.post(V3 + path, **asked)] * 2)
    assert [answer.status_code for answer in answers] == [201, 201] and answers[0].json == answers[1].json


def test_who_is_refused_for_what_the_first_made_gets_its_answer(
    identity: IdentityCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one completes between the second one's check of stored replies and its check of the name."""
    token, bodies = made_by_identity(identity)
    (path,) = (path for path in bodies if path.endswith("application_credentials"))
    asked = {"as_": token, "json": bodies[path][1], "headers": {"Idempotency-Key": "k"}}
    read, first = identity.database.read, []

    def overtaken(work: Any) -> Any:
        found = read(work)
        if getattr(work, "__name__", "") == "found" and not first:
            first.append(None)
            first.append(identity.post(V3 + path, **asked))
        return found

    monkeypatch.setattr(identity.database, "read", overtaken)
    second = identity.post(V3 + path, **asked)
    assert second.status_code == 201 and second.json == first[1].json


def test_a_console_is_opened_once_and_told_again_when_the_guest_is_off(cloud: Cloud) -> None:
    world = worlds.make(cloud)
    server_id = world.boot()
    cloud.engines[FakeHypervisor].screen = "/run/vnc"
    path = f"{worlds.SERVERS}/{server_id}"
    asked = {
        "2.96": (f"{path}/remote-consoles", {"remote_console": {"protocol": "vnc", "type": "novnc"}}),
        "2.5": (f"{path}/action", {"os-getVNCConsole": {"type": "novnc"}}),
    }

    def everything() -> list[Any]:
        return [
            cloud.post(where, version=version, json=body, headers={"Idempotency-Key": "k"}).json
            for version, (where, body) in asked.items()
        ]

    first = everything()
    cloud.engines[FakeHypervisor].screen = ""
    assert "token" in str(first) and everything() == first
    assert cloud.database.read(lambda tx: tx.scalar(sa.select(sa.func.count()).select_from(console_tokens))) == 2
