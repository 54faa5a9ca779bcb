"""Bells: each kind is received once, and only by its listeners."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kumoi.kernel import reconcile, wakeup
from kumoi.kernel.database import Database
from kumoi.kernel.operations import Again
from kumoi.kernel.runner import Runner
from kumoi.kernel.wakeup import Bell, BellListener, Work
from tests.kernel.toys import World, make
from tests.waits import PATIENCE


@pytest.fixture
def rung() -> Iterator[list[Work]]:
    heard: list[Work] = []
    wakeup.wake_with(heard.append)
    yield heard
    wakeup.wake_with(lambda _: None)


def test_an_ear_hears_what_was_rung_for_since_the_last_time(tmp_path: Path) -> None:
    listener = BellListener(tmp_path / "ear")
    bell = Bell(tmp_path / "ear")
    assert listener.wait(0.01) == set()
    for work in (Work.DIRTY, Work.OPERATION, Work.DIRTY):
        bell.ring(work)
    assert listener.wait(PATIENCE) == {Work.DIRTY, Work.OPERATION}
    assert listener.wait(0.01) == set()
    listener.close()
    bell.ring(Work.LATER)


def test_a_transaction_rings_once_for_each_kind_of_work(database: Database, rung: list[Work]) -> None:
    database.write(lambda tx: [reconcile.mark(tx, "thing", name) for name in ("a", "b")])
    assert rung == [Work.DIRTY]
    make(database)
    assert rung == [Work.DIRTY, Work.OPERATION]


def test_who_waits_longer_says_so_and_who_ends_wakes_nobody(database: Database, rung: list[Work]) -> None:
    world = World()
    runner = Runner(database, {World: world}.__getitem__)
    world.fail["two"] = [Again(1.0)]
    make(database)
    rung.clear()
    runner.run_one()
    assert rung == [Work.LATER]
    runner.run_until_quiet()
    assert world.made == ["one", "two", "three", "four"] and rung == [Work.LATER]


def test_one_more_worker_is_called_only_when_there_is_more_to_do(database: Database) -> None:
    called: list[str] = []
    runner = Runner(database, {World: World()}.__getitem__)
    for name in ("a", "b"):
        make(database, name)
    while runner.run_one(lambda: called.append("more")):
        pass
    assert called == ["more"]
