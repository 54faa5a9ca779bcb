"""Plays seeds in two processes. The number that reaches each step is printed and stored in reports/simulation.json."""

import os

from kumoi import app
from tests.databases import PostgreSQL
from tests.simulation import __main__ as simulation
from tests.simulation.stage import Stage

app.load_services()
SEEDS = int(os.environ.get("KUMOI_SEEDS", "1000"))
"""With 600 seeds one step was not reached. `make sim` plays 2,000."""
ON_POSTGRESQL = min(SEEDS, 30)
FOUND: dict[int, str] = {
    780: "a port deleted over a running server's head left its plug",
    32: "a port deleted over a running server's head left its card in the guest",
    51: "a detachment that failed after its guest had let go left the server without the card that its rows gave it",
    15: "a volume's file stayed behind when who took over failed at an earlier step than the dead one had begun",
    150: "a card that a paused guest kept went on being plugged",
    180: "a guest that died kept the card of a port that was deleted in that moment",
}
"""Seeds that once broke a promise, and which."""


def test_clients_runners_and_faults_by_seeds() -> None:
    found = simulation.play_on_cores(1, SEEDS)
    simulation.keep(found, "test")
    assert found["seeds"] == SEEDS
    if SEEDS >= simulation.LONG:
        assert simulation.unhit(found) == []


def test_some_seeds_on_postgresql(postgresql: PostgreSQL) -> None:
    found = simulation.play_on_cores(1, ON_POSTGRESQL, server=postgresql)
    simulation.keep(found, "test on PostgreSQL")
    assert found["seeds"] == ON_POSTGRESQL


def test_a_seed_tells_the_same_story_twice() -> None:
    stage = Stage()
    try:
        assert stage.play(11) == stage.play(11) != stage.play(12)
    finally:
        stage.remove()


def test_a_seed_tells_the_same_story_twice_on_postgresql(postgresql: PostgreSQL) -> None:
    stage = Stage(postgresql)
    try:
        assert stage.play(11) == stage.play(11) != stage.play(12)
    finally:
        stage.remove()


def test_seeds_that_once_broke_a_promise_hold() -> None:
    stage = Stage()
    try:
        for seed in FOUND:
            stage.play(seed)
    finally:
        stage.remove()
