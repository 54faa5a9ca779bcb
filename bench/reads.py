"""Reads that clients make all the time, in units of a handler that reads one row by its id through the same kernel.

All are in one process. Each turn asks the bare handler and the read, so that what slows the machine down slows both. Costs
are processor time of the thread. A figure is the ratio of the first deciles of many turns, because whatever disturbs adds;
the ratio of the medians, which other work on the machine raises, stands beside it."""

import hashlib
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.scale import COMPUTE, IDENTITY, NETWORK, Filled, of_size
from kumoi.engines.objects.interface import Object, ObjectStore, Stored, Writing
from kumoi.services.object_store import listings

TURNS, CALLS, CALLS_OF_BARE = 400, 4, 12
SERVERS = 20


def measure(say: Callable[[str, Any], None], databases: tuple[str, ...] = ("sqlite",)) -> None:
    for database in databases:
        with of_size(database, SERVERS) as cloud:
            for name, figure in ratios(cloud).items():
                say(f"reads.{database}.{name}", figure)


def ratios(cloud: Filled) -> dict[str, dict[str, float]]:
    """Of each read: microseconds, statements, and the ratio to the bare read."""
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
        "object_get": cloud.asked(_object(cloud)),
    }
    figures = {}
    for name, read in reads.items():
        for _ in range(50):
            read()
        before = cloud.statements
        read()
        statements, units, costs = cloud.statements - before, [], []
        for _ in range(TURNS):
            units.append(_spent(ask_bare, CALLS_OF_BARE))
            costs.append(_spent(read, CALLS))
        few, median = _tenth(costs) / _tenth(units), statistics.median(costs) / statistics.median(units)
        figures[name] = {
            "us": round(_tenth(costs), 1), "statements": statements, "times": round(few, 2), "median": round(median, 2),
        }  # fmt: skip
    return figures


def _object(cloud: Filled) -> str:
    """The path of an object of 4 KiB of the project `demo`."""
    store = cloud.cloud.engines[ObjectStore]
    (project,) = cloud.ask("GET", f"{IDENTITY}/auth/projects", "demo")["projects"]
    account = f"AUTH_{project['id']}"
    data = bytes(4096)
    stored = Stored(len(data), hashlib.md5(data, usedforsecurity=False).hexdigest(), data, None)

    def work(tx: Writing) -> None:
        where = tx.put_container(account, "c", {}, "")
        entry = listings.entry("o", stored.etag, stored.size, "text/plain", tx.now)
        made = Object(
            name="o", size=stored.size, etag=stored.etag, content_type="text/plain", at=tx.now, entry=entry,
            metadata={"x-object-meta-colour": "red"},
        )  # fmt: skip
        tx.put_object(where, made, stored)

    store.write(work).result()
    return f"/object-store/v1/{account}/c/o"


def _tenth(costs: list[float]) -> float:
    return statistics.quantiles(costs, n=10)[0]


def _spent(read: Callable[[], None], calls: int) -> float:
    """Microseconds of one call. One call before is not counted: it finds the processor's caches full of other work."""
    read()
    began = time.thread_time_ns()
    for _ in range(calls):
        read()
    return (time.thread_time_ns() - began) / 1000 / calls
