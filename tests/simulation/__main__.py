"""`python -m tests.simulation [--seed N] [--count M]`: plays seeds, prints counts, writes reports/simulation.json."""

import argparse
import sys
from collections import Counter
from typing import Any

from kumoi import app
from kumoi.kernel import clock, operations
from tests.databases import PostgreSQL
from tests.matrix import report
from tests.matrix.children import Fell, in_child
from tests.matrix.walk import turning_points
from tests.simulation.faults import KINDS
from tests.simulation.stage import Stage

LONG = 1000
"""From this number of seeds on, every operation, step and kind of fault must have occurred. The rarest of them, the undo
of an unplugged volume, occurs once in some 500 seeds."""


def play(
    first: int, count: int, *, seconds: float | None = None, every: int = 1, server: PostgreSQL | None = None
) -> dict[str, Any]:
    """Plays the seeds first, first + every, …; returns the counts. An error names its seed."""
    stage = Stage(server)
    played, began = 0, clock.monotonic()
    try:
        for seed in range(first, first + count * every, every):
            if seconds is not None and clock.monotonic() - began > seconds:
                break
            if played % 100 == 0:
                print(f"seed {seed}", file=sys.stderr, flush=True)
            try:
                stage.play(seed)
            except BaseException as error:
                on = " DATABASE=postgresql" if server else ""
                error.add_note(f"seed {seed}: make sim SEED={seed} COUNT=1{on}")
                raise
            played += 1
    finally:
        stage.remove()
    return {"seeds": played, "seen": stage.seen, "steps": stage.steps, "replies": stage.replies}


NO_CLIENT_ASKS = {
    "aggregate.cache_images", "backup.create", "backup.delete", "backup.restore", "image.copy", "image.remove",
    "server.confirm_resize", "server.crash_dump", "server.create_backup", "server.create_image", "server.rebuild",
    "server.rescue", "server.resize", "server.revert_resize", "server.shelve", "server.shelve_offload",
    "server.unrescue", "server.unshelve", "volume.reimage", "volume.upload",
}  # fmt: skip
"""Operations that no client of the simulation begins yet. The crash matrix plays them. The list may only shrink."""


def unhit(found: dict[str, Any]) -> list[str]:
    """Operations, steps and kinds of fault that no seed has met; and kinds of NO_CLIENT_ASKS that one has met."""
    missing = [kind for kind in KINDS if not found["seen"][kind]]
    for kind, operation in sorted(operations.registry.items()):
        if kind.startswith("toy."):
            continue
        if kind not in NO_CLIENT_ASKS:
            missing += [name for name in _passed(kind, operation) if not found["steps"][name]]
        elif any(found["steps"][f"{kind}.{step.name}.forward"] for step in operation.steps):
            missing.append(f"{kind} is asked for: take it off NO_CLIENT_ASKS")
    return missing + sorted(NO_CLIENT_ASKS - operations.registry.keys())


def _passed(kind: str, operation: operations.Operation) -> list[str]:
    """Each step forward, and backward up to the pivot if it undoes something."""
    names = [f"{kind}.{step.name}.forward" for step in operation.steps]
    turning = turning_points(kind)
    undone = [step for step in operation.steps if step.name in turning and (step.undo or step.erase)]
    return names + [f"{kind}.{step.name}.backward" for step in undone]


def together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {"seeds": 0, "seen": Counter(), "steps": Counter(), "replies": Counter()}
    for part in parts:
        for key, value in part.items():
            total[key] += value
    return total


def keep(found: dict[str, Any], part: str) -> None:
    report.note("simulation", part, {
        "seeds": found["seeds"], "steps walked": found["steps"].total(), "faults": found["seen"].total(),
        "requests": found["replies"].total(), **{f"fault: {kind}": found["seen"][kind] for kind in KINDS},
    })  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="make sim")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    app.load_services()
    server = PostgreSQL.start() if arguments.database == "postgresql" else None
    try:
        run(arguments.seed, arguments.count, server)
    finally:
        if server:
            server.stop()


def run(seed: int, count: int, server: PostgreSQL | None) -> None:
    """One seed prints its story; several are counted."""
    began = clock.monotonic()
    if count == 1:
        stage = Stage(server)
        try:
            print(stage.play(seed))
        finally:
            stage.remove()
        print(f"seed {seed} holds")
        return
    found = play_on_cores(seed, count, server=server)
    for name in ("seen", "steps", "replies"):
        for what, times in sorted(found[name].items()):
            print(f"{times:8} {what}")
    print(f"{found['seeds']} seeds in {clock.monotonic() - began:.0f} s")
    keep(found, "make sim on PostgreSQL" if server else "make sim")
    if found["seeds"] >= LONG and (missing := unhit(found)):
        sys.exit(f"never hit: {', '.join(missing)}")


def play_on_cores(
    first: int, count: int, seconds: float | None = None, cores: int = 2, server: PostgreSQL | None = None
) -> dict[str, Any]:
    """The seeds shared among forked processes."""
    from concurrent.futures import ThreadPoolExecutor

    def share(core: int) -> dict[str, Any]:
        finished, found = in_child(
            lambda: play(first + core, len(range(core, count, cores)), seconds=seconds, every=cores, server=server),
            7200,
        )
        if not finished:
            raise Fell("a process died")
        return dict(found)

    with ThreadPoolExecutor(cores) as pool:
        return together(list(pool.map(share, range(cores))))


if __name__ == "__main__":
    main()
