"""Asking several, each of whom may be silent: all at once, so that none waits for another."""

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from kumoi.kernel import clock

T = TypeVar("T")

_asked: set[tuple[str, str]] = set()
"""(subject, name) of questions that are still open, those included that nobody waits for any more."""
_lock = threading.Lock()


class Silent(Exception):
    """There was no answer in time, or there is still none to an earlier question."""


def ask(subject: str, names: Iterable[str], question: Callable[[str], T], within: float) -> dict[str, T | Exception]:
    """Name → the answer, or what went wrong, Silent included, after `within` seconds at the most.

    `subject`: what is asked; who has not answered is not asked the same again, so that silence never costs more than
    one thread. One alone is asked directly: it has nobody to hold up, and its own call has a deadline. So name all there
    are, those included for whom there is nothing to do just now.
    """
    asked = list(names)
    if len(asked) < 2:
        return {name: _answer(question, name) for name in asked}
    answers: dict[str, T | Exception] = {}
    threads = []
    for name in asked:
        with _lock:
            if (subject, name) in _asked:
                answers[name] = Silent(f"{name} has not answered an earlier question yet")
                continue
            _asked.add((subject, name))
        thread = threading.Thread(
            target=_keep, args=(answers, subject, question, name), name=f"{subject} {name}", daemon=True
        )
        threads.append(thread)
        thread.start()
    until = clock.monotonic() + within
    for thread in threads:
        thread.join(max(0.0, until - clock.monotonic()))
    found = dict(answers)
    return {name: found.get(name, Silent(f"{name} did not answer within {within:g} s")) for name in asked}


def _keep(answers: dict[str, T | Exception], subject: str, question: Callable[[str], T], name: str) -> None:
    try:
        answers[name] = _answer(question, name)
    finally:
        with _lock:
            _asked.discard((subject, name))


def _answer(question: Callable[[str], T], name: str) -> T | Exception:
    try:
        return question(name)
    except Exception as error:
        return error
