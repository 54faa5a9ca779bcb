"""Durable operations: they complete, resume and undo, and a runner without a lease changes nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from kumoi.kernel import clock, operations
from kumoi.kernel.clock import SECOND, VirtualClock
from kumoi.kernel.database import Database, Transaction
from kumoi.kernel.errors import Busy, Discreet, EngineRefused, EngineSilent
from kumoi.kernel.fences import Fence, Stale
from kumoi.kernel.operations import Again, Failed, Retry, begin, subject, supersede
from kumoi.kernel.runner import LEASE_SECONDS, Runner
from tests.kernel.toys import HURRY, MAKE, ORIGIN, REMOVE, STUMBLE, TAKE_AWAY, World, make, state, things


class Killed(BaseException):
    """Represents the death of the process. Nothing catches it."""


@pytest.fixture
def time() -> Iterator[VirtualClock]:
    virtual = VirtualClock()
    with clock.using(virtual):
        yield virtual


@pytest.fixture
def world() -> World:
    return World()


def runner(database: Database, world: World) -> Runner:
    return Runner(database, {World: world}.__getitem__)


def row(database: Database) -> dict[str, Any]:
    found = database.read(lambda tx: tx.one(sa.select(operations.operations)))
    assert found is not None
    return found


def row_of(database: Database, kind: str) -> dict[str, Any]:
    found = database.read(
        lambda tx: tx.one(sa.select(operations.operations).where(operations.operations.c.kind == kind))
    )
    assert found is not None
    return found


def test_every_step_in_order_and_the_subject_is_free_again(database: Database, world: World) -> None:
    make(database)
    with pytest.raises(Busy):
        database.write(lambda tx: begin(tx, MAKE, [subject("thing", "t")], {"id": "t"}, **ORIGIN))
    runner(database, world).run_until_quiet()
    assert world.made == ["one", "two", "three", "four"]
    assert state(database) == "ready" and row(database)["state"] == "done"
    assert database.read(lambda tx: operations.active_on(tx, "thing/t")) is None
    assert [entry["step"] for entry in row(database)["history"]] == ["one", "two", "three", "four"]


def test_a_failure_before_the_pivot_walks_the_list_back(database: Database, world: World) -> None:
    world.fail["two"] = [Failed("no room on the shelf")]
    make(database)
    runner(database, world).run_until_quiet()
    assert world.made == [] and state(database) == "error: no room on the shelf"
    assert row(database)["state"] == "undone"


def test_a_failure_past_the_pivot_goes_on_until_it_works(database: Database, world: World, time: VirtualClock) -> None:
    world.fail["four"] = [Failed("not yet")] * 6
    make(database)
    runner(database, world).run_until_quiet(600)
    assert state(database) == "ready" and world.made == ["one", "two", "three", "four"]


def test_waiting_past_the_deadline_undoes_with_the_reason(database: Database, world: World, time: VirtualClock) -> None:
    world.fail["two"] = [Again(2.0)] * 50
    make(database)
    runner(database, world).run_until_quiet(600)
    assert state(database) == "error: two: not finished after 5 s" and world.made == []


def test_time_in_which_nobody_was_there_is_no_part_of_a_deadline(
    database: Database, world: World, time: VirtualClock
) -> None:
    """The machine was off. Its host may need a moment, and earlier requests are still wanted."""
    world.fail["two"] = [Retry("host-1 does not answer")] * 2
    make(database)
    runner(database, world).run_one()
    assert world.made == ["one"]
    time.advance(7200)
    runner(database, world).run_until_quiet()
    assert state(database) == "ready"


class LampBroken(EngineRefused):
    """An engine's error that the kernel does not know."""


class LampSilent(EngineSilent):
    told = "the lamp does not answer"


def test_whatever_engine_says_no_its_words_reach_the_person(database: Database, world: World) -> None:
    world.fail["two"] = [LampBroken("the bulb is cracked")]
    make(database)
    runner(database, world).run_until_quiet()
    assert world.made == [] and state(database) == "error: the bulb is cracked"


def test_whatever_engine_is_silent_is_asked_again(database: Database, world: World, time: VirtualClock) -> None:
    world.fail["two"] = [LampSilent("/run/lamp.sock: refused")]
    make(database)
    runner(database, world).run_until_quiet()
    assert state(database) == "ready" and world.made == ["one", "two", "three", "four"]


def test_of_an_engine_that_stays_silent_others_read_what_is_told(
    database: Database, world: World, time: VirtualClock
) -> None:
    world.fail["two"] = [LampSilent("/run/lamp.sock: refused")] * 50
    make(database)
    runner(database, world).run_until_quiet(600)
    assert state(database) == "error: two: the lamp does not answer after 5 s" and world.made == []


def test_an_engine_that_stays_dead_leaves_an_error_and_a_queued_clean_up(
    database: Database, world: World, time: VirtualClock
) -> None:
    world.fail["two"] = [Failed("broken")]
    world.fail["undo one"] = [Retry("host-1 does not answer")] * 10
    make(database)
    walker = runner(database, world)
    while not row(database)["overdue"]:
        walker.run_one()
        time.advance(1)
    assert state(database) == "error: broken"
    assert database.read(operations.unfinished)[0]["overdue"]
    walker.run_until_quiet(2000)
    assert world.made == [] and row(database)["state"] == "undone"


@pytest.mark.parametrize("moment", ["one", "two", "three", "four", "undo two", "undo one"])
def test_death_within_a_step_is_taken_up_by_another(
    database: Database, world: World, time: VirtualClock, moment: str
) -> None:
    if moment.startswith("undo"):
        world.fail["two"] = [Failed("broken")]

    def die(name: str) -> None:
        if name == moment:
            world.before = lambda _name: None
            raise Killed

    world.before = die
    make(database)
    with pytest.raises(Killed):
        runner(database, world).run_until_quiet()
    second = runner(database, world)
    assert not second.run_one(), "the lease of the dead one still holds"
    time.advance(LEASE_SECONDS + 1)
    second.run_until_quiet()
    if moment.startswith("undo"):
        assert world.made == [] and state(database) == "error: broken"
    else:
        assert world.made == ["one", "two", "three", "four"] and state(database) == "ready"
    generations = [generation for _, generation in world.fences]
    assert generations == sorted(generations) and generations[-1] == 2


@pytest.mark.parametrize("dies_at", ["build", "ready"])
def test_what_was_begun_is_undone_though_the_one_who_takes_over_fails_before_it(
    database: Database, world: World, time: VirtualClock, dies_at: str
) -> None:
    """Steps that a power cut may forget are not all recorded. Their effects must be known anyway."""

    def die(name: str) -> None:
        if name == dies_at:
            world.before = lambda _name: None
            world.made = [*dict.fromkeys([*world.made, "build"])]
            world.fail["look"] = [Failed("nothing to look at any more")]
            world.fail["ready"] = [Failed("not ready")]
            raise Killed

    world.before = die
    make(database, operation=HURRY)
    with pytest.raises(Killed):
        runner(database, world).run_until_quiet()
    time.advance(LEASE_SECONDS + 1)
    runner(database, world).run_until_quiet()
    assert "build" not in world.made and row(database)["state"] == "undone"


def test_a_stalled_runner_that_wakes_up_changes_nothing(database: Database, world: World, time: VirtualClock) -> None:
    second = runner(database, world)

    def stall(name: str) -> None:
        if name == "two":
            world.before = lambda _name: None
            time.advance(LEASE_SECONDS + 1)
            second.run_until_quiet()
            assert state(database) == "ready"

    world.before = stall
    make(database)
    runner(database, world).run_until_quiet()
    entry = row(database)
    assert entry["state"] == "done" and [h["step"] for h in entry["history"]] == ["one", "two", "three", "four"]
    assert world.fences[-1] == ("two", 1), "its late order carried the old generation, which a host refuses"


def test_a_stalled_runner_does_not_write_while_the_other_waits(
    database: Database, world: World, time: VirtualClock
) -> None:
    second = runner(database, world)

    def stall(name: str) -> None:
        if name == "two":
            world.before = lambda _name: None
            world.fail = {"two": [Failed("broken")], "undo two": [Again(3.0)]}
            time.advance(LEASE_SECONDS + 1)
            assert second.run_one()

    world.before = stall
    make(database)
    assert runner(database, world).run_one()
    found = row(database)
    assert (found["step"], found["state"]) == ("two", "unwinding"), "only the one with the lease says what is done"


def test_deletion_wins_over_work_in_progress(database: Database, world: World) -> None:
    def remove(name: str) -> None:
        if name == "two":
            world.before = lambda _name: None
            begun = database.write(lambda tx: supersede(tx, REMOVE, [subject("thing", "t")], {"id": "t"}, **ORIGIN))
            again = database.write(lambda tx: supersede(tx, REMOVE, [subject("thing", "t")], {"id": "t"}, **ORIGIN))
            assert begun == again

    world.before = remove
    make(database)
    runner(database, world).run_until_quiet()
    assert state(database) is None and world.made == []
    states = database.read(lambda tx: {r["kind"]: r["state"] for r in tx.all(sa.select(operations.operations))})
    assert states == {"toy.make": "superseded", "toy.remove": "done"}


def test_a_deletion_holds_what_the_operation_held_that_it_took_over(database: Database) -> None:
    both = [subject("thing", "t"), subject("shelf", "s")]
    database.write(lambda tx: begin(tx, MAKE, both, {"id": "t"}, **ORIGIN))
    database.write(lambda tx: supersede(tx, REMOVE, [subject("thing", "t")], {"id": "t"}, **ORIGIN))
    assert database.read(lambda tx: operations.active_on(tx, "shelf/s")) == "toy.remove"
    with pytest.raises(Busy):
        database.write(lambda tx: begin(tx, MAKE, [subject("shelf", "s")], {"id": "u"}, **ORIGIN))


def test_what_is_let_go_may_be_another_s(database: Database, world: World) -> None:
    both = [subject("thing", "t"), subject("shelf", "s")]
    first = database.write(lambda tx: begin(tx, MAKE, both, {"id": "t"}, **ORIGIN))
    database.write(lambda tx: operations.release_subject(tx, first, "shelf/s"))
    second = database.write(lambda tx: supersede(tx, REMOVE, ["shelf/s"], {"id": "s"}, **ORIGIN))
    assert second != first
    runner(database, world).run_until_quiet()
    assert database.read(lambda tx: tx.scalar(sa.select(operations.generations.c.generation).where(
        operations.generations.c.subject == "shelf/s"))) == 1, "only who holds it raises it"  # fmt: skip
    assert {r["state"] for r in database.read(lambda tx: tx.all(sa.select(operations.operations)))} == {"done"}


def test_who_stands_in_its_own_way_is_overdue_and_not_for_ever_unseen(
    database: Database, world: World, time: VirtualClock
) -> None:
    make(database, operation=STUMBLE)
    walker = runner(database, world)
    for _ in range(60):
        walker.run_one()
        time.advance(1)
    assert row(database)["overdue"] and row(database)["attempts"] > 3
    assert state(database) == "error: gone: it stood in its own way"


def test_generations_that_a_power_cut_took_are_caught_up_with(
    database: Database, world: World, time: VirtualClock
) -> None:
    world.fail["two"] = [Stale("thing/t: generation 1 is older than 40", Fence("thing/t", 40))]
    make(database)
    runner(database, world).run_until_quiet(5)
    assert state(database) == "ready" and world.fences[-1] == ("four", 41)


def test_who_has_lost_the_lease_catches_up_with_nothing(database: Database, world: World, time: VirtualClock) -> None:
    second = runner(database, world)

    def stall(name: str) -> None:
        if name == "two":
            world.before = lambda _name: None
            world.fail["two"] = [Again(30.0), Stale("thing/t: generation 1 is older than 2", Fence("thing/t", 90))]
            time.advance(LEASE_SECONDS + 1)
            assert second.run_one()

    world.before = stall
    make(database)
    assert runner(database, world).run_one()
    held = database.read(lambda tx: tx.scalar(sa.select(operations.generations.c.generation)))
    assert held == 2 and row(database)["state"] == "undone" and world.fences[-1] == ("two", 1)


def test_a_host_that_stays_dead_marks_the_resource_at_the_deadline_not_after_the_way_back(
    database: Database, world: World, time: VirtualClock
) -> None:
    world.fail["two"] = [Retry("host-1 does not answer")] * 99
    world.fail["undo two"] = [Retry("host-1 does not answer")] * 5
    make(database)
    walker = runner(database, world)
    while row(database)["state"] == "running":
        walker.run_one()
        time.advance(1)
    assert state(database) == "error: two: host-1 does not answer after 5 s" and row(database)["overdue"]
    walker.run_until_quiet(600)
    assert world.made == [] and row(database)["state"] == "undone"


def take_away(database: Database) -> None:
    """Delete it as a DELETE request does, and set the row's status."""

    def ask(tx: Transaction) -> None:
        supersede(tx, TAKE_AWAY, [subject("thing", "t")], {"id": "t"}, **ORIGIN)
        tx.execute(things.update().values(state="going"))

    database.write(ask)


def test_asking_again_for_what_missed_its_deadline_begins_it_anew_and_only_then(
    database: Database, world: World, time: VirtualClock
) -> None:
    world.fail["away"] = [Retry("host-1 is silent")] * 999
    make(database)
    take_away(database)
    walker = runner(database, world)

    def look_after(seconds: int) -> str | None:
        for _ in range(seconds):
            time.advance(1)
            walker.run_one()
        return state(database)

    assert look_after(30) == "error: away: host-1 is silent"
    take_away(database)
    assert look_after(4) == "going" and not row_of(database, "toy.take_away")["overdue"]
    assert look_after(30) == "error: away: host-1 is silent"
    said = []
    for _ in range(6):
        take_away(database)
        said.append(look_after(1))
    assert "error: away: host-1 is silent" in said, "whoever asks every second never hears of it"


def test_asking_again_is_heard_by_a_runner_that_has_it_in_hand(
    database: Database, world: World, time: VirtualClock
) -> None:
    """Its wait is so short that it keeps the lease and its copy of the row."""
    world.fail["away"] = [Again(0.05)] * 400
    said: list[str | None] = []
    asked = 0

    def ask(_name: str) -> None:
        nonlocal asked
        said.append(state(database))
        if str(said[-1]).startswith("error") and asked < 2:
            asked += 1
            take_away(database)

    world.before = ask
    make(database)
    take_away(database)
    assert runner(database, world).run_one()
    assert asked == 2 and [each for each, before in zip(said, ["", *said], strict=False) if each != before] == [
        "going", "error: away: not finished in time", "going", "error: away: not finished in time", "going",
        "error: away: not finished in time",
    ]  # fmt: skip
    assert state(database) == "away"


def test_what_is_only_told_of_is_neither_held_nor_inherited_nor_given_a_generation(
    database: Database, world: World
) -> None:
    seen: list[list[str]] = []
    world.before = lambda name: seen.append(
        [r["subject"] for r in database.read(lambda tx: tx.all(sa.select(operations.generations)))]
    )
    shown_for = [subject("shelf", "s")]
    make_it = lambda tx, each: begin(tx, MAKE, [subject("thing", each)], {"id": each}, shown_for=shown_for, **ORIGIN)  # noqa: E731
    first = database.write(lambda tx: make_it(tx, "t"))
    second = database.write(lambda tx: make_it(tx, "u"))
    assert database.read(lambda tx: operations.active_on(tx, "shelf/s")) is None
    history = database.read(lambda tx: operations.history_of(tx, "shelf/s"))
    assert {each["id"] for each in history} == {first, second}
    database.write(lambda tx: supersede(tx, REMOVE, [subject("thing", "t")], {"id": "t"}, **ORIGIN))
    assert database.read(operations.held) == {"thing/t", "thing/u"}
    runner(database, world).run_until_quiet()
    assert seen and "shelf/s" not in {each for found in seen for each in found}


class Dumb(Retry, Discreet):
    told = "it is dumb"


@pytest.mark.parametrize("operation", [MAKE, TAKE_AWAY], ids=lambda each: each.kind)
def test_what_only_admins_may_read_stands_beside_what_everybody_is_told(
    database: Database,
    world: World,
    time: VirtualClock,
    caplog: pytest.LogCaptureFixture,
    operation: operations.Operation,
) -> None:
    caplog.set_level("INFO")
    step = "two" if operation is MAKE else "away"
    world.fail[step] = [Dumb("/srv/socket: refused")] * 99
    make(database, operation=operation)
    walker = runner(database, world)
    while not row(database)["overdue"]:
        walker.run_one()
        time.advance(1)
    after = " after 5 s" if operation is MAKE else ""
    assert state(database) == f"error: {step}: it is dumb{after}"
    found = row(database)
    assert found["fault"] == f"{step}: it is dumb{after}" and "socket" not in str(found["history"])
    assert found["data"] == {operations.DETAILS: f"{step}: /srv/socket: refused{after}"}
    (missed,) = (record for record in caplog.records if record.getMessage() == "a deadline was missed")
    assert missed.facts["reason"] == f"{step}: /srv/socket: refused{after}"  # type: ignore[attr-defined]


def test_details_are_of_the_fault_that_is_told(database: Database, world: World, time: VirtualClock) -> None:
    world.fail["two"] = [Failed("no room on the shelf")]
    world.fail["undo two"] = [Dumb("/srv/socket: refused")] * 12
    make(database)
    runner(database, world).run_until_quiet(600)
    found = row(database)
    assert found["overdue"] and found["fault"] == "no room on the shelf" and operations.DETAILS not in found["data"]


def test_a_defect_is_an_error_with_the_request_id(database: Database, world: World) -> None:
    world.fail["two"] = [ZeroDivisionError()]
    make(database)
    runner(database, world).run_until_quiet()
    assert state(database) == "error: two failed: ZeroDivisionError (request req-1)"


def test_leases_are_renewed_while_a_step_takes_long(database: Database, world: World, time: VirtualClock) -> None:
    walker = runner(database, world)

    def slow(name: str) -> None:
        if name == "two":
            for _ in range(5):
                time.advance(LEASE_SECONDS / 2)
                walker.renew()
            assert row(database)["lease_until"] > time.now()
            assert not runner(database, world).run_one()

    world.before = slow
    make(database)
    walker.run_until_quiet()
    assert state(database) == "ready"
    assert row(database)["updated_at"] > SECOND


def queue_up(database: Database, name: str) -> str:
    """A MAKE of another thing that also needs the shelf and waits for it."""
    names = [subject("thing", name), subject("shelf", "s")]
    database.write(lambda tx: tx.insert(things, id=name, state="making"))
    return database.write(lambda tx: begin(tx, MAKE, names, {"id": name}, queue=["shelf/s"], **ORIGIN))


def states(database: Database) -> list[str]:
    table = operations.operations
    rows = database.read(lambda tx: tx.all(sa.select(table).order_by(table.c.created_at)))
    return [row["state"] for row in rows]


def test_operations_queue_for_a_subject_in_the_order_of_the_requests(
    database: Database, world: World, time: VirtualClock
) -> None:
    for name in ("t", "u", "v"):
        queue_up(database, name)
        time.advance(0.001)
    assert states(database) == ["running", "queued", "queued"]
    assert database.read(lambda tx: [row["arguments"]["id"] for row in operations.pending_on(tx, "shelf/s")]) == [
        "t", "u", "v",
    ]  # fmt: skip
    with pytest.raises(Busy):
        database.write(lambda tx: begin(tx, MAKE, ["shelf/s"], {"id": "w"}, **ORIGIN))
    with pytest.raises(Busy):  # It holds its own subject while it waits.
        database.write(lambda tx: begin(tx, MAKE, [subject("thing", "v")], {"id": "v"}, **ORIGIN))
    world.fail["two"] = [Failed("no room on the shelf")]
    runner(database, world).run_until_quiet()
    assert states(database) == ["undone", "done", "done"]
    assert database.read(lambda tx: operations.pending_on(tx, "shelf/s")) == []
    assert database.read(operations.unfinished) == []


def test_a_queued_operation_has_its_deadline_from_its_start(
    database: Database, world: World, time: VirtualClock
) -> None:
    queue_up(database, "t")
    queue_up(database, "u")
    time.advance(100)
    runner(database, world).run_until_quiet()
    assert states(database) == ["done", "done"]


def test_a_queued_operation_gives_up_when_the_one_in_front_of_it_never_ends(
    database: Database, world: World, time: VirtualClock
) -> None:
    world.fail["two"] = [Retry("host-1 does not answer")] * 1000
    world.fail["undo one"] = [Retry("host-1 does not answer")] * 1000
    queue_up(database, "t")
    time.advance(1)
    waiting = queue_up(database, "u")
    walker = runner(database, world)
    while clock.now() < 1_800_000_000 * SECOND + round(operations.QUEUE_SECONDS * SECOND):
        walker.run_one()
        time.advance(10)
    assert database.read(operations.waiting_too_long) == []
    time.advance(20)
    assert database.read(operations.waiting_too_long) == [waiting]
    for _ in range(2):
        database.write(lambda tx: operations.give_up(tx, database, waiting))
    assert states(database) == ["unwinding", "undone"]
    fault = database.read(lambda tx: tx.row(operations.operations, id=waiting))
    assert fault is not None and "waited for more than 900 s" in fault["fault"]


def test_a_deletion_ends_the_queue_too(database: Database, world: World, time: VirtualClock) -> None:
    world.fail["two"] = [Again(2.0)]
    queue_up(database, "t")
    time.advance(1)
    queue_up(database, "u")
    runner(database, world).run_one()
    time.advance(1)
    database.write(lambda tx: supersede(tx, REMOVE, ["shelf/s"], {"id": "t"}, **ORIGIN))
    assert states(database) == ["superseded", "superseded", "running"]
    assert database.read(operations.held) == {"shelf/s", "thing/t", "thing/u"}
    assert database.read(lambda tx: len(operations.pending_on(tx, "shelf/s"))) == 1
