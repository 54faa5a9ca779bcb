"""Limits of writes per second."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from kumoi.kernel import clock, errors
from kumoi.kernel.clock import VirtualClock
from kumoi.services.object_store import pace, rates


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Time stands still. Otherwise a slow machine would let further writes pass."""
    monkeypatch.setattr(pace, "_pace", pace.Pace())
    with clock.using(VirtualClock(clock.now())):
        yield


def limit(cloud: Any, **settings: Any) -> None:
    cloud.api.settings = msgspec.structs.replace(cloud.api.settings, longest_wait=0.0, **settings)


def test_writes_of_a_container_wait_or_are_refused(swift: Any, cloud: Any) -> None:
    assert swift("PUT", "/c").status == swift("PUT", "/d").status == 201
    limit(cloud, writes_per_container="0:1")
    # Five seconds of an unused rate are saved up, and one is being spent.
    assert {swift("PUT", f"/c/{n}").status for n in range(6)} == {201}
    refused = swift("PUT", "/c/more")
    assert refused.status == 498 and int(refused.headers["Retry-After"]) >= 1 and "Slow down" in refused.text
    for method, path in (("DELETE", "/c/0"), ("POST", "/c/0"), ("PUT", "/c/0")):
        assert swift(method, path).status == 498, method
    assert swift("COPY", "/c/0", headers={"Destination": "c/1"}).status == 498
    assert swift("PUT", "/d/other").status == 201 and swift("GET", "/c/0").status == 200
    limit(cloud, writes_per_container="100:1")
    assert swift("PUT", "/c/few-objects").status == 201


def test_whoever_may_not_write_uses_nothing_up(swift: Any, cloud: Any) -> None:
    assert swift("PUT", "/c").status == 201
    limit(cloud, writes_per_container="0:1", containers_per_account=1.0)
    assert {swift("PUT", "/c/x", as_="other").status for _ in range(9)} == {403}
    assert {swift("PUT", "/c", as_="other").status for _ in range(9)} == {403}
    assert swift("PUT", "/c/x").status == 201 and swift("PUT", "/d").status == 201


def test_containers_of_an_account(swift: Any, cloud: Any) -> None:
    limit(cloud, containers_per_account=1.0)
    assert {swift("PUT", f"/{n}").status for n in range(6)} == {201}
    assert swift("PUT", "/more").status == swift("DELETE", "/0").status == 498
    assert swift("PUT", "/0/object").status == 201


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST_KEYS", 3)
    kept = pace.Pace()
    for n in range(10):
        kept.wait(str(n), 1, 0)
    assert list(kept._reserved) == ["7", "8", "9"]


def test_a_write_waits_for_its_turn() -> None:
    kept = pace.Pace()
    waits = [kept.wait("key", 10, 60) for _ in range(60)]
    assert waits == [0.0] * 51 + [number / 10 for number in range(1, 10)]
    with pytest.raises(errors.RateLimited):
        kept.wait("key", 10, 0.9)
    clock.sleep(0.1)
    assert kept.wait("key", 10, 0.9) == 0.9


def test_between_two_sizes_the_rate_is_between_theirs() -> None:
    limits = rates.parse("100:50, 0:100,200:10")
    assert [rates.rate_at(limits, size) for size in (0, 50, 100, 150, 200, 10**9)] == [100, 75, 50, 30, 10, 10]
    assert rates.rate_at(rates.parse("10:1"), 9) is None
    for text in ("1", "a:1", "1:0", "1:-1", "1:x"):
        with pytest.raises(ValueError):
            rates.parse(text)
