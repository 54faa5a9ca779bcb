"""The audit finds each kind of difference between tables and world, and every message of the audit is provoked here.

Its possible messages are read from its code: every sentence in the services' `audit.py` and in `app.differences`.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kumoi import app
from tests.audit.breakages import breakages, furnish
from tests.matrix import report
from tests.matrix.places import Place
from tests.matrix.recipes import environment
from tests.stepped import SteppedCloud, at

WORDS = 3
"""A text with so many words and no placeholder is a sentence, not a name."""


def sentences() -> dict[str, re.Pattern[str]]:
    """Possible message → its pattern."""
    found: dict[str, re.Pattern[str]] = {}
    for module in app.rooms("audit"):
        found |= _sentences(ast.parse(Path(module.__file__).read_text()), module.__name__.split(".")[2])
    found |= _sentences(ast.parse(inspect.getsource(app.differences)), "kernel")
    return found


def _sentences(tree: ast.AST, service: str) -> dict[str, re.Pattern[str]]:
    found = {}
    for node in _texts(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        fixed = [part.value if isinstance(part, ast.Constant) else None for part in parts]
        words = " ".join(str(part) for part in fixed if part is not None).split()
        if len(words) >= (1 if isinstance(node, ast.JoinedStr) else WORDS):
            text = "".join("…" if part is None else str(part) for part in fixed)
            # Messages of the services' rooms begin with their name. An audit that failed has the name of its room.
            begin = "" if service == "kernel" else f"{service}: .*"
            pattern = "".join(".*" if part is None else re.escape(str(part)) for part in fixed)
            found[f"{service}: {text}"] = re.compile(begin + pattern)
    return found


def _texts(node: ast.AST) -> Iterator[Any]:
    """Complete texts and f-strings, without docstrings and log messages."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.Call) and ast.unparse(child.func).startswith("log."):
            continue
        if isinstance(child, ast.JoinedStr) or (isinstance(child, ast.Constant) and isinstance(child.value, str)):
            yield child
        else:
            yield from _texts(child)


@pytest.mark.parametrize("text", ["it is …, but nothing works on it", "the topology has it, the tables do not"])
def test_sentences_are_read_from_the_code(text: str) -> None:
    assert any(said.endswith(f": {text}") for said in sentences())


def test_each_difference_is_found_and_nothing_else_can_be_said() -> None:
    place = Place()
    said: dict[str, set[str]] = {}
    try:
        with at():
            cloud = SteppedCloud(place.folder, place.url)
            furnished = furnish(environment(cloud))
            cloud.settle()
            assert cloud.audit() == []
            cloud.pause()
        begun = place.save()
        for name, breakage in breakages.items():
            place.load(begun)
            with at():
                cloud.resume()
                breakage(furnished)
                said[name] = {f"{row['service']}: {row['problem']}" for row in cloud.audit()}
                cloud.pause()
    finally:
        place.remove()
    silent = [name for name, problems in said.items() if not problems]
    assert not silent, f"not found: {silent}"
    every = [problem for problems in said.values() for problem in problems]
    never = [text for text, pattern in sentences().items() if not any(map(pattern.search, every))]
    assert not never, f"the audit can say what no breakage provokes: {never}"
    report.note("audit", "every difference", {name: len(problems) for name, problems in said.items()})


def test_what_is_silent_hides_nothing() -> None:
    place = Place()
    try:
        with at():
            cloud = SteppedCloud(place.folder, place.url)
            furnished = furnish(environment(cloud))
            cloud.settle()
            for name in ("the topology is silent", "the image store is away", "a host is silent"):
                breakages[name](furnished)
            for name in ("the world has not followed", "a server without a claim", "a volume in use by nobody"):
                breakages[name](furnished)
            said = {(row["service"], row["kind"]) for row in cloud.audit()}
            cloud.pause()
    finally:
        place.remove()
    assert said >= {
        ("network", "topology"), ("network", "host"), ("compute", "host"), ("block_storage", "host"), ("image", "audit"),
        ("kernel", "network.port"), ("compute", "server"), ("block_storage", "volume"),
    }  # fmt: skip
