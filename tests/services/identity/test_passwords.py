"""Hashes: slow at first, cached for some minutes, and equally slow for unknown users."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bcrypt
import pytest

from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock
from kumoi.kernel.database import Database
from kumoi.kernel.lanes import Lane
from kumoi.services.identity import passwords
from tests.services.identity.cloud import V3, IdentityCloud
from tests.waits import PATIENCE, until

ROUNDS = 8


def test_every_byte_counts() -> None:
    kept = passwords.hashed("x" * 100 + "\0y", 4)
    assert passwords.matches("x" * 100 + "\0y", kept, 4)
    assert not passwords.matches("x" * 100 + "\0z", kept, 4) and not passwords.matches("x" * 72, kept, 4)
    assert not passwords.matches("", kept, 4) and not passwords.matches("x", "no hash", 4)


def test_a_success_is_remembered_for_minutes_and_a_failure_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    slow: list[bytes] = []
    check = bcrypt.checkpw

    def counted(*said: Any) -> bool:
        slow.append(said[0])
        return check(*said)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    with clock.using(VirtualClock()):
        kept = passwords.hashed("right", 4)
        for _ in range(3):
            assert passwords.matches("right", kept, 4)
        assert len(slow) == 1
        for _ in range(3):
            assert not passwords.matches("wrong", kept, 4)
        assert len(slow) == 4
        clock.sleep(passwords.REMEMBERED_SECONDS + 1)
        assert passwords.matches("right", kept, 4) and len(slow) == 5


def test_nobody_takes_as_long_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is one hash of the same cost."""
    kept, costs = passwords.hashed("right", ROUNDS), list[bytes]()
    hashpw, checkpw = bcrypt.hashpw, bcrypt.checkpw

    def hashing(password: bytes, salt: bytes) -> bytes:
        costs.append(salt[:7])
        return hashpw(password, salt)

    def checking(password: bytes, hashed: bytes) -> bool:
        costs.append(hashed[:7])
        return checkpw(password, hashed)

    monkeypatch.setattr(bcrypt, "hashpw", hashing)
    monkeypatch.setattr(bcrypt, "checkpw", checking)
    assert not passwords.fits("wrong", kept, ROUNDS) and not passwords.fits("wrong", None, ROUNDS)
    assert costs == [b"$2b$%02d$" % ROUNDS] * 2


def test_another_password_voids_what_was_remembered() -> None:
    kept = passwords.hashed("right", 4)
    assert passwords.matches("right", kept, 4)
    assert not passwords.matches("right", passwords.hashed("other", 4), 4)


def test_a_full_lane_refuses_a_login_before_anything_is_read_for_it(
    cloud: IdentityCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = cloud.password("demo", "demo password")
    assert cloud.auth(known).status_code == 201
    user_id = cloud.auth(known).json["token"]["user"]["id"]
    lane, go = Lane("hashes", 0), threading.Event()
    monkeypatch.setattr(passwords, "LANE", lane)
    read: list[object] = []
    look = Database.read

    def reading(self: Database, work: Any) -> Any:
        read.append(work)
        return look(self, work)

    with ThreadPoolExecutor(1) as others:
        busy = others.submit(lane.run, lambda: go.wait(PATIENCE))
        until(lambda: lane._inside)
        monkeypatch.setattr(Database, "read", reading)
        change = {"user": {"original_password": "guess", "password": "something new"}}
        for refused in (
            cloud.auth(cloud.password("demo", "guess")),
            cloud.auth(cloud.password("nobody", "guess")),
            cloud.post(f"{V3}/users/{user_id}/password", as_=None, json=change),
        ):
            assert refused.status_code == 503 and refused.headers["Retry-After"] == "1", refused.text
        assert read == []
        assert cloud.auth(known).status_code == 201, "who came in before needs no hash"
        go.set()
        assert busy.result()
