"""A silent host delays no other, and does not get the same question twice at a time."""

import threading
from collections.abc import Iterator

import pytest

from kumoi.kernel import polls
from kumoi.kernel.polls import Silent
from tests.waits import PATIENCE, until


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


def test_answers_and_failures_by_name() -> None:
    def question(name: str) -> int:
        return 10 // int(name)

    answers = polls.ask("toy", ["0", "2"], question, PATIENCE)
    assert answers["2"] == 5 and isinstance(answers["0"], ZeroDivisionError)
    assert polls.ask("toy", ["5"], question, PATIENCE) == {"5": 2} and polls.ask("toy", [], question, PATIENCE) == {}


def test_a_silent_one_delays_nobody_and_is_asked_once(gate: threading.Event) -> None:
    asked: list[str] = []

    def question(name: str) -> str:
        asked.append(name)
        if name == "silent":
            gate.wait(PATIENCE)
        return name

    answers = polls.ask("toy", ["silent", "one", "two"], question, 2.0)
    assert (answers["one"], answers["two"]) == ("one", "two") and isinstance(answers["silent"], Silent)
    again = polls.ask("toy", ["silent", "one"], question, PATIENCE)
    assert again["one"] == "one" and "earlier question" in str(again["silent"])
    assert asked.count("silent") == 1
    gate.set()
    until(lambda: polls.ask("toy", ["silent", "one"], question, PATIENCE)["silent"] == "silent")
