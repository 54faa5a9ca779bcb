"""Ask several hosts in parallel, so that a silent one delays no other."""

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from kumoi.kernel import clock

T = TypeVar("T")

_asked: set[tuple[str, str]] = set()
"""(subject, name) of open questions, including those for which nobody waits any more."""
_lock = threading.Lock()


class Silent(Exception):
    """No answer came in time, or an earlier question is still open."""


def ask(subject: str, names: Iterable[str], question: Callable[[str], T], within: float) -> dict[str, T | Exception]:
    """Returns name → answer or exception (Silent included) after at most `within` seconds.

    `subject` names the question. A host with an unanswered question of the same subject is not asked again, so a silent
    host costs at most one thread. A single host is asked directly, because its own call has a deadline and nobody else
    waits. Pass all hosts, including those without work.
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
