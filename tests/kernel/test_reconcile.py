"""Reconcilers follow the tables: once per change, again after a failure, one bad row does not hold up the others."""

from collections.abc import Iterator
from typing import Any

import pytest

from kumoi.kernel import clock, log, reconcile
from kumoi.kernel.clock import VirtualClock
from kumoi.kernel.database import Database
from kumoi.kernel.errors import DatabaseAway
from kumoi.kernel.reconcile import Reconciler, Sweep, mark, pending, run_dirty, run_sweeps

seen: list[dict[str, int]] = []
bad: set[str] = set()
swept: list[int] = []


named: list[str] = []


def apply(view: reconcile.View, batch: dict[str, int]) -> None:
    named.append(log.request_id.get())
    if bad & set(batch):
        raise RuntimeError("no")
    seen.append(dict(batch))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    reconcile.reconcilers["toy.row"] = Reconciler("toy.row", apply)
    made = Database(database_url)
    made.create_all()
    seen.clear()
    bad.clear()
    yield made
    made.close()
    reconcile.reconcilers.pop("toy.row")


def locate(kind: type[Any]) -> Any:
    raise KeyError(kind)


def test_each_change_raises_the_revision(database: Database) -> None:
    database.write(lambda tx: mark(tx, "toy.row", "a", "b"))
    assert run_dirty(database, locate) == 2 and seen == [{"a": 1, "b": 1}]
    assert run_dirty(database, locate) == 0
    database.write(lambda tx: mark(tx, "toy.row", "a"))
    database.write(lambda tx: mark(tx, "toy.row", "a"))
    run_dirty(database, locate)
    assert seen[1:] == [{"a": 3}]


def test_what_follows_is_done_in_the_name_of_the_request(database: Database) -> None:
    def asked(request_id: str, *ids: str) -> None:
        held = log.request_id.set(request_id)
        database.write(lambda tx: mark(tx, "toy.row", *ids))
        log.request_id.reset(held)

    named.clear()
    asked("req-1", "a")
    run_dirty(database, locate)
    asked("req-2", "a", "b")
    asked("req-3", "c")
    run_dirty(database, locate)
    asked("", "a")
    run_dirty(database, locate)
    bad.add("b")
    asked("req-4", "b")
    asked("req-5", "c")
    run_dirty(database, locate)
    assert named == ["req-1", "req-2,req-3", "", "req-4,req-5", "req-4", "req-5"]
    assert log.request_id.get() == ""


def test_one_bad_row_does_not_hold_up_the_others_and_is_tried_again(database: Database) -> None:
    virtual = VirtualClock()
    with clock.using(virtual):
        bad.add("b")
        database.write(lambda tx: mark(tx, "toy.row", "a", "b", "c"))
        run_dirty(database, locate)
        assert [set(batch) for batch in seen] == [{"a"}, {"c"}]
        assert [row["id"] for row in database.read(pending)] == ["b"]
        assert "RuntimeError" in database.read(pending)[0]["fault"]
        bad.clear()
        virtual.advance(60)
        run_dirty(database, locate)
        assert database.read(pending) == []


def test_a_change_while_it_is_applied_is_not_lost(database: Database) -> None:
    def applied_while_changed(view: reconcile.View, batch: dict[str, int]) -> None:
        if not seen:
            database.write(lambda tx: mark(tx, "toy.row", "a"))
        seen.append(dict(batch))

    reconcile.reconcilers["toy.row"] = Reconciler("toy.row", applied_while_changed)
    database.write(lambda tx: mark(tx, "toy.row", "a"))
    run_dirty(database, locate)
    run_dirty(database, locate)
    assert seen == [{"a": 1}, {"a": 2}]


def test_a_sweep_runs_once_in_its_time(database: Database) -> None:
    virtual = VirtualClock()
    swept.clear()
    sweep = Sweep("toy.sweep", 10.0, lambda view: swept.append(1))
    others, reconcile.sweepers = dict(reconcile.sweepers), {"toy.sweep": sweep}
    try:
        with clock.using(virtual):
            run_sweeps(database, locate)
            run_sweeps(database, locate)
            assert len(swept) == 1
            virtual.advance(11)
            run_sweeps(database, locate)
            assert len(swept) == 2
            # A new process does not wait for what an earlier one has claimed.
            virtual.advance(1)
            began = virtual.now()
            for _ in range(2):
                run_sweeps(database, locate, began)
            assert len(swept) == 3
    finally:
        reconcile.sweepers = others


def test_a_sweep_that_cannot_be_claimed_or_fails_keeps_no_other_from_its_turn(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    swept: list[str] = []

    def breaks(_view: reconcile.View) -> None:
        raise RuntimeError("a defect")

    kinds = {"toy.first": breaks, "toy.second": lambda _view: swept.append("second")}
    monkeypatch.setattr(reconcile, "sweepers", {})
    sweepers = {kind: Sweep(kind, 10.0, run) for kind, run in kinds.items()}
    monkeypatch.setattr(reconcile, "sweepers", sweepers)
    run_sweeps(database, locate)
    assert swept == ["second"]
    write, refused = database.write, [DatabaseAway()]

    def away(work: Any, **how: Any) -> Any:
        if refused:
            raise refused.pop()
        return write(work, **how)

    database.write(lambda tx: tx.execute(reconcile.sweeps.delete()))
    monkeypatch.setattr(database, "write", away)
    run_sweeps(database, locate)
    assert swept == ["second", "second"]
    said = [(record.getMessage(), record.facts["kind"]) for record in caplog.records]  # type: ignore[attr-defined]
    assert said == [("sweep failed", "toy.first")] * 2


class Working(VirtualClock):
    """Time in which this thread works now and then."""

    worked = 0.0

    def spent(self) -> float:
        return self.worked


def test_a_sweep_takes_no_more_than_its_share(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    virtual, times, resting = Working(), list[int](), dict[str, int]()

    def compare(_view: reconcile.View) -> None:
        times.append(virtual.now())
        virtual.worked += 0.3

    monkeypatch.setattr(reconcile, "sweepers", {})
    Sweep("toy.sweep", 10.0, compare)
    with clock.using(virtual):
        began = virtual.now()
        while virtual.now() < began + 1000 * clock.SECOND:
            run_sweeps(database, locate, resting=resting)
            virtual.advance(1)
        share = virtual.worked / 1000
        assert 0.9 * reconcile.SHARE < share <= 1.4 * reconcile.SHARE and times[1] - times[0] >= 100 * clock.SECOND
        # A new process does not know of delays.
        run_sweeps(database, locate, virtual.now())
        assert times[-1] == virtual.now()


def test_pieces_rest_in_a_sweep_only(database: Database) -> None:
    virtual, ids = Working(), [str(number) for number in range(2 * reconcile.PIECE + 1)]
    for rests in (True, False):
        with clock.using(virtual):
            began, seen = virtual.now(), list[str]()
            for some in reconcile.View(database, locate, rests=rests).pieces(ids):
                assert len(some) <= reconcile.PIECE
                seen += some
                virtual.worked += 0.03
            assert seen == ids
            rested = (virtual.now() - began) / clock.SECOND
            assert rested == pytest.approx(2 * 0.03 * (1 / reconcile.SHARE - 1) if rests else 0.0)
