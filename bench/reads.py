"""Reads that clients make all the time, in units of a handler that reads one row by its id through the same kernel.

All stand in one process. Each turn asks the bare handler, the read and the bare handler again, so that what slows the
machine down slows both. Costs are processor time of the thread; a figure is the median of the ratios of many turns, with
its quartiles."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.scale import COMPUTE, IDENTITY, NETWORK, Filled, of_size

TURNS, CALLS = 150, 10
SERVERS = 20


def measure(say: Callable[[str, Any], None], databases: tuple[str, ...] = ("sqlite",)) -> None:
    for database in databases:
        with of_size(database, SERVERS) as cloud:
            for name, figure in ratios(cloud).items():
                say(f"reads.{database}.{name}", figure)


def ratios(cloud: Filled) -> dict[str, dict[str, float]]:
    """Of each read: microseconds, statements, and the ratio to the bare read with its quartiles."""
    token = {"X-Subject-Token": cloud.tokens["demo"]}
    port = cloud.ask("GET", f"{NETWORK}/ports?device_id={cloud.last}", "demo")["ports"][0]["id"]
    ask_bare = cloud.asked("/bare", wsgi=cloud.bare())
    reads = {
        "bare": ask_bare,
        "server_show": cloud.asked(f"{COMPUTE}/servers/{cloud.last}"),
        "token_check": cloud.asked(f"{IDENTITY}/auth/tokens", headers=token),
        "token_check_head": cloud.asked(f"{IDENTITY}/auth/tokens", method="HEAD", headers=token),
        "token_check_by_admin": cloud.asked(f"{IDENTITY}/auth/tokens", "admin", headers=token),
        "port_show": cloud.asked(f"{NETWORK}/ports/{port}"),
    }
    figures = {}
    for name, read in reads.items():
        for _ in range(50):
            read()
        before = cloud.statements
        read()
        statements, costs, times = cloud.statements - before, [], []
        for _ in range(TURNS):
            unit, cost, again = _spent(ask_bare), _spent(read), _spent(ask_bare)
            costs.append(cost)
            times.append(2 * cost / (unit + again))
        low, middle, high = (round(cut, 2) for cut in statistics.quantiles(times, n=4))
        figures[name] = {
            "us": round(statistics.median(costs), 1), "statements": statements, "times": middle, "from": low, "to": high,
        }  # fmt: skip
    return figures


def _spent(read: Callable[[], None]) -> float:
    """Microseconds of one call. One call before is not counted: it finds the processor's caches full of other work."""
    read()
    began = time.thread_time_ns()
    for _ in range(CALLS):
        read()
    return (time.thread_time_ns() - began) / 1000 / CALLS
