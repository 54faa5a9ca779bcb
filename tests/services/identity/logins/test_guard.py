"""Guessing passwords takes time. Attackers do not lock out a user who logs in from a known address."""

from typing import Any

import pytest

from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock
from kumoi.services.identity.logins import logic
from tests.services.identity.cloud import V3, IdentityCloud

HOME, STRANGE = "192.0.2.1", "203.0.113.9"


def log_in(cloud: IdentityCloud, password: str, address: str, name: str = "demo") -> Any:
    return cloud.auth(cloud.password(name, password), headers={"X-Forwarded-For": address})


def guess(cloud: IdentityCloud, times: int, address: str, name: str = "demo") -> list[int]:
    return [int(log_in(cloud, f"guess {number}", address, name).status_code) for number in range(times)]


@pytest.mark.parametrize("name", ["demo", "nobody of that name"])
def test_guesses_must_wait_whether_there_is_such_a_user_or_not(cloud: IdentityCloud, name: str) -> None:
    with clock.using(VirtualClock()):
        assert guess(cloud, 7, STRANGE, name) == [401] * 5 + [429] * 2
        refused = log_in(cloud, "guess", STRANGE, name)
        assert refused.headers["Retry-After"] == "1" and refused.json["error"]["code"] == 429
        waits = []
        for _ in range(14):
            waits.append(int(log_in(cloud, "guess", STRANGE, name).headers["Retry-After"]))
            clock.sleep(waits[-1])
            assert guess(cloud, 1, STRANGE, name) == [401]
        assert waits[:5] == [1, 2, 4, 8, 16] and waits[-1] == logic.LONGEST_WAIT
        if name == "demo":
            assert log_in(cloud, "demo password", STRANGE).status_code == 429
            clock.sleep(logic.LONGEST_WAIT)
            assert log_in(cloud, "demo password", STRANGE).status_code == 201
            assert guess(cloud, 6, STRANGE) == [401] * 5 + [429]


def test_a_stranger_keeps_nobody_out(cloud: IdentityCloud) -> None:
    guess(cloud, 20, STRANGE)
    assert log_in(cloud, "demo password", STRANGE).status_code == 429
    assert log_in(cloud, "demo password", HOME).status_code == 201
    assert log_in(cloud, "reader password", STRANGE, "reader").status_code == 201


def test_many_addresses_together_keep_out_only_those_that_are_not_known(
    cloud: IdentityCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logic, "MOST_FROM_ALL", 12)
    with clock.using(VirtualClock()):
        assert log_in(cloud, "demo password", HOME).status_code == 201
        for number in range(6):
            guess(cloud, 2, f"203.0.113.{number}")
        assert guess(cloud, 1, "203.0.113.77") == [429]
        assert log_in(cloud, "demo password", "198.51.100.1").status_code == 429
        assert log_in(cloud, "demo password", HOME).status_code == 201
        assert log_in(cloud, "reader password", "203.0.113.1", "reader").status_code == 201
        clock.sleep(logic.FAILURE_SECONDS + 1)
        assert log_in(cloud, "demo password", "198.51.100.1").status_code == 201


def test_at_a_known_address_the_wait_stays_short(cloud: IdentityCloud) -> None:
    with clock.using(VirtualClock()):
        assert log_in(cloud, "demo password", HOME).status_code == 201
        for _ in range(20):
            clock.sleep(logic.LONGEST_KNOWN_WAIT)
            assert guess(cloud, 1, HOME) == [401]
        assert log_in(cloud, "demo password", HOME).headers["Retry-After"] == str(logic.LONGEST_KNOWN_WAIT)
        clock.sleep(logic.LONGEST_KNOWN_WAIT)
        assert log_in(cloud, "demo password", HOME).status_code == 201


def test_hosts_of_one_network_of_ipv6_are_one(cloud: IdentityCloud) -> None:
    assert [guess(cloud, 1, f"2001:db8::{number}")[0] for number in range(6)] == [401] * 5 + [429]
    assert guess(cloud, 1, "2001:db8:0:1::1") == [401]


def test_a_changed_password_is_guessed_as_slowly(cloud: IdentityCloud, admin: str) -> None:
    user_id = cloud.named("users", "demo", admin)
    for path in (f"{V3}/users/{user_id}/password", f"{V3}/users/nobody/password"):
        answers = []
        for number in range(6):
            said = {"user": {"password": "new password", "original_password": f"guess {number}"}}
            answers.append(cloud.post(path, as_=None, json=said, headers={"X-Forwarded-For": STRANGE}).status_code)
        assert answers == [401] * 5 + [429]
    assert log_in(cloud, "demo password", STRANGE).status_code == 429, "they are one account's failures"
    assert log_in(cloud, "demo password", HOME).status_code == 201


def test_application_credentials_are_guessed_as_slowly(cloud: IdentityCloud, member: str, admin: str) -> None:
    user_id = cloud.named("users", "demo", admin)
    made = cloud.post(
        f"{V3}/users/{user_id}/application_credentials", as_=member, json={"application_credential": {"name": "one"}}
    ).json["application_credential"]
    for id in (made["id"], "f" * 32):
        answers = []
        for number in range(6):
            method = {"id": id, "secret": f"guess {number}"}
            answers.append(cloud.auth({"methods": ["application_credential"], "application_credential": method}))
        assert [answered.status_code for answered in answers] == [401] * 5 + [429]


def test_whoever_runs_the_cloud_may_do_without(cloud: IdentityCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud.settings, "login_failures", 0)
    assert guess(cloud, 12, STRANGE) == [401] * 12


def test_new_passwords_have_a_length(cloud: IdentityCloud, admin: str) -> None:
    user_id = cloud.named("users", "demo", admin)
    for short in ("", "x", "seven 7"):
        asked = {"user": {"name": "short", "password": short}}
        refused = cloud.post(f"{V3}/users", as_=admin, json=asked)
        assert refused.status_code == 400 and "user.password" in refused.text
        assert cloud.patch(f"{V3}/users/{user_id}", as_=admin, json={"user": {"password": short}}).status_code == 400
        own = {"user": {"password": short, "original_password": "demo password"}}
        assert cloud.post(f"{V3}/users/{user_id}/password", as_=None, json=own).status_code == 400


def test_only_who_knows_a_locked_password_learns_that_it_is_locked(cloud: IdentityCloud, admin: str) -> None:
    user_id = cloud.named("users", "demo", admin)
    locked = {"user": {"options": {"lock_password": True}}}
    assert cloud.patch(f"{V3}/users/{user_id}", as_=admin, json=locked).status_code == 200
    for original, status in (("guess", 401), ("demo password", 400)):
        said = {"user": {"password": "new password", "original_password": original}}
        assert cloud.post(f"{V3}/users/{user_id}/password", as_=None, json=said).status_code == status
