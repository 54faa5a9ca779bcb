"""A silent host delays no other, and does not get the same question twice at a time."""

import threading
from collections.abc import Iterator

import pytest

from kumoi.kernel import clock, polls
from kumoi.kernel.polls import Silent


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


def test_answers_and_failures_by_name() -> None:
    def question(name: str) -> int:
        return 10 // int(name)

    answers = polls.ask("toy", ["0", "2"], question, 5.0)
    assert answers["2"] == 5 and isinstance(answers["0"], ZeroDivisionError)
    assert polls.ask("toy", ["5"], question, 5.0) == {"5": 2} and polls.ask("toy", [], question, 5.0) == {}


def test_a_silent_one_delays_nobody_and_is_asked_once(gate: threading.Event) -> None:
    asked: list[str] = []

    def question(name: str) -> str:
        asked.append(name)
        if name == "silent":
            gate.wait(20)
        return name

    began = clock.monotonic()
    answers = polls.ask("toy", ["silent", "one", "two"], question, 0.3)
    assert clock.monotonic() - began < 2
    assert (answers["one"], answers["two"]) == ("one", "two") and isinstance(answers["silent"], Silent)
    again = polls.ask("toy", ["silent", "one"], question, 5.0)
    assert again["one"] == "one" and "earlier question" in str(again["silent"])
    assert asked.count("silent") == 1
    gate.set()
    until = clock.monotonic() + 5
    while isinstance(polls.ask("toy", ["silent", "one"], question, 5.0)["silent"], Silent):
        assert clock.monotonic() < until
