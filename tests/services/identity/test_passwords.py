"""Hashes: slow at first, cached for some minutes, and equally slow for unknown users."""

from time import thread_time
from typing import Any

import bcrypt
import pytest

from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock
from kumoi.services.identity import passwords

ROUNDS = 8


def seconds(password: str, kept: str | None) -> float:
    """Processor time of this thread, independent of other work on the machine."""
    began = thread_time()
    passwords.fits(password, kept, ROUNDS)
    return thread_time() - began


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


def test_nobody_takes_as_long_as_somebody() -> None:
    kept = passwords.hashed("right", ROUNDS)
    somebody = min(seconds(f"wrong{i}", kept) for i in range(5))
    nobody = min(seconds(f"wrong{i}", None) for i in range(5))
    assert 0.5 < nobody / somebody < 2


def test_another_password_voids_what_was_remembered() -> None:
    kept = passwords.hashed("right", 4)
    assert passwords.matches("right", kept, 4)
    assert not passwords.matches("right", passwords.hashed("other", 4), 4)
