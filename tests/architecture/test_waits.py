"""No test fails because a machine is slow: nothing waits for a short time, and no time is compared with a limit."""

import ast
import math
from collections.abc import Iterator
from pathlib import Path

from tests.waits import PATIENCE

TESTS = Path(__file__).parents[1]
LEAST = PATIENCE / 2
WAITS = {"wait": 0, "join": 0, "result": 0, "settimeout": 0, "wait_for": 1}
"""Name of a call → the position of its seconds."""
HASTY = {"get", "post", "put", "delete", "request", "Client"}
"""Functions of httpx, which give up after five seconds if they are not told a time."""
NAMED = ("timeout", "within", "patience")
CLOCKS = ("monotonic", "perf_counter", "time")
LONG_RUNS = ("chaos/", "fuzz/", "power_cut/", "simulation/")
"""Their time is virtual, or their pauses are what they try."""
ALLOWED = {
    # What is waited for must not come.
    "end_to_end/test_life_of_a_server.py: within=4",
    "kernel/test_database.py: patience=0.05",
    "kernel/test_preparation.py: wait(0.1)",
    "kernel/test_wakeup.py: wait(0.01)",
    "host/test_agent.py: patience=0.01",
    # The pace of a server that is slow on purpose.
    "services/image/website.py: settimeout(0.02)",
}


def seconds(node: ast.expr) -> float:
    """A number that is written there; endless if it is none."""
    return float(node.value) if isinstance(node, ast.Constant) and type(node.value) in (int, float) else math.inf


def short(call: ast.Call) -> Iterator[str]:
    """Waits of the call that a slow machine may miss."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in WAITS and len(call.args) > WAITS[name] and (found := seconds(call.args[WAITS[name]])) < LEAST:
        yield f"{name}({found:g})"
    told = any(keyword.arg == "timeout" for keyword in call.keywords)
    if not told and ast.unparse(call.func) in {f"httpx.{each}" for each in HASTY}:
        yield f"httpx.{name} without a timeout"
    for keyword in call.keywords:
        if keyword.arg in NAMED and (found := seconds(keyword.value)) < LEAST:
            yield f"{keyword.arg}={found:g}"


def compared(node: ast.Compare) -> bool:
    """Whether it says that something took less than some seconds."""
    taken = node.left if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Sub) else None
    clock = taken.left.func if taken and isinstance(taken.left, ast.Call) else None
    less = isinstance(node.ops[0], (ast.Lt, ast.LtE))
    return less and isinstance(clock, ast.Attribute) and clock.attr in CLOCKS


def faults() -> Iterator[str]:
    for path in sorted(TESTS.rglob("*.py")):
        where = path.relative_to(TESTS).as_posix()
        if where.startswith(LONG_RUNS):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield from (f"{where}: {each}" for each in short(node))
            elif isinstance(node, ast.Compare) and compared(node):
                yield f"{where}: {ast.unparse(node)}"


def test_no_test_waits_for_a_short_time_or_measures_one() -> None:
    """Wait with `tests.waits.until`, without a number."""
    assert set(faults()) == ALLOWED
