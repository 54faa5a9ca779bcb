"""`python -m tests.chaos [--seconds N] [--seed S]`: a real cloud under its clients and kills; reports/chaos.json."""

import argparse
import json
import random
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.chaos.run import Run
from tests.databases import PostgreSQL
from tests.end_to_end.clouds import Cloud
from tests.matrix.report import FOLDER


def play(
    seconds: float, seed: str, pause: float, part: str, logs: Path | None = None, database: str = "sqlite"
) -> list[str]:
    """The broken promises of a run on its own cloud. The figures go to reports/chaos.json, under `part`."""
    if database == "postgresql":
        server = PostgreSQL.start(synchronous_commit="on")
        server.keep()
        try:
            return _play(Cloud(database=server.url(server.fresh())), seconds, seed, pause, part, logs, server)
        finally:
            server.stop()
    return _play(Cloud(), seconds, seed, pause, part, logs)


def _play(
    cloud: Cloud, seconds: float, seed: str, pause: float, part: str, logs: Path | None,
    database: PostgreSQL | None = None,
) -> list[str]:  # fmt: skip
    print(f"chaos for {seconds:.0f} s, seed {seed}", flush=True)
    try:
        cloud.up()
        run = Run(cloud, seed, pause, database)
        run.play(seconds)
        run.delete_everything()
        broken = run.verdict()
        keep(part, run.told())
        if broken:
            print(cloud.report())
        if logs is not None:
            shutil.copytree(cloud.data / "log", logs, dirs_exist_ok=True)
        cloud.down()
        broken += [f"after kumoi down: {line}" for line in (*cloud.processes(), *cloud.kernel_things())]
        return broken
    finally:
        cloud.close()


def keep(part: str, told: dict[str, Any]) -> None:
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "chaos.json"
    parts = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**parts, part: told}, indent=1) + "\n")


def show(part: str) -> None:
    """The figures for a person."""
    told = json.loads((FOLDER / "chaos.json").read_text())[part]
    for name in ("lives by how they ended", "kills by process", "unreachable by cause", "seconds by phase"):
        print(f"{name}: {json.dumps(told[name])}")
    print(f"{told['lives']} lives, {told['kills']} kills, {told['requests answered']} requests answered")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10**6)))
    parser.add_argument("--pause", type=float, default=2.5, help="seconds between two kills, on average")
    parser.add_argument("--logs", type=Path, help="where the logs of the cloud's processes are to be kept")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    asked = parser.parse_args()
    part = "make chaos" if asked.database == "sqlite" else "make chaos, postgresql"
    broken = play(asked.seconds, asked.seed, asked.pause, part, asked.logs, asked.database)
    show(part)
    for line in broken:
        print(f"BROKEN: {line}")
    print(f"seed {asked.seed}: {'nothing broken' if not broken else f'{len(broken)} broken promises'}")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
