"""`python -m bench --output reports/bench.json`: measures, prints each figure at once, and stores all of them."""

import argparse
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

from bench import control_plane, dashboard, large, objects, policies, reads, real, scale

parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
parser.add_argument("--output", type=Path, default=Path("reports/bench.json"))
parser.add_argument("--only", choices=("dashboard", "fake", "guessers", "large", "objects", "reads", "scale", "real"))
asked = parser.parse_args()

figures: dict[str, Any] = {}


def say(name: str, value: Any) -> None:
    if name in figures:
        kept = figures[name]
        figures[name] = [*(kept if isinstance(kept, list) else [kept]), value]
    else:
        figures[name] = value
    print(f"{name}: {json.dumps(value)}", flush=True)


if asked.only in (None, "fake"):
    control_plane.measure(say)
if asked.only in (None, "reads"):
    reads.measure(say)
if asked.only in (None, "objects"):
    objects.measure(say)
    policies.measure(say)
if asked.only in (None, "dashboard"):
    dashboard.measure(say)
if asked.only == "large":
    large.measure_alone(say)
if asked.only == "guessers":
    control_plane.measure_guessers(say)
if asked.only in (None, "scale"):
    scale.measure(say)
if asked.only in (None, "real"):
    if os.geteuid() == 0:
        real.measure(say)
    else:
        print("not root: the real engines are not measured")
asked.output.parent.mkdir(parents=True, exist_ok=True)
machine = {"date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(), "python": platform.python_version()}
asked.output.write_text(json.dumps({"machine": machine, "figures": figures}, indent=1) + "\n")
print(f"kept in {asked.output}")
