"""A run in words: passed / listed, and the causes of what did not pass."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PASSED = ("success", "xfail")
_ID = re.compile(r"\b[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\b|\breq-\S+")
_NUMBER = re.compile(r"\b(tempest-[\w-]+?-)?\d{4,}\b")


@dataclass(frozen=True)
class Outcome:
    """`id`: of a test, or `setUpClass (…)` of a class whose tests then have none. `cause`: one line."""

    id: str
    status: str
    cause: str


def passed(outcomes: Iterable[Outcome]) -> int:
    return len({one.id for one in outcomes if one.status in PASSED and not one.id.startswith(("setUp", "tearDown"))})


def same(cause: str) -> str:
    """The cause without ids and numbers of one run, so that equal causes are equal texts."""
    return _NUMBER.sub("…", _ID.sub("…", cause)).strip() or "no cause given"


def written(title: str, listed: Sequence[str], outcomes: Sequence[Outcome]) -> str:
    """Markdown: the score, then each cause with its tests, the commonest first."""
    counts = Counter(one.status for one in outcomes)
    silent = len(set(listed) - {one.id for one in outcomes})
    text = [f"# {title}", "", f"**{passed(outcomes)} / {len(listed)}** passed / listed.", ""]
    text.append(", ".join(f"{status} {count}" for status, count in sorted(counts.items())) or "no outcome")
    text.append(f"{silent} without an outcome of their own, because their class was skipped or failed.")
    causes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in outcomes:
        if one.status not in PASSED:
            causes[(one.status, same(one.cause))].append(one.id)
    for (status, cause), tests in sorted(causes.items(), key=lambda each: (each[0][0], -len(each[1]), each[0][1])):
        text += ["", f"## {status}, {len(tests)}: {cause[:300]}", "", *(f"- {test}" for test in sorted(tests))]
    return "\n".join(text) + "\n"
