"""`python -m bench.copies --service image --copies 16`: what many more services would cost each process at its start.

A service's package is copied under other names into a temporary tree; a process of each kind then imports what it does at its
start, three times, and says the seconds and the anonymous memory of the best one. `--cloud` starts a whole cloud on fakes
from the tree: seconds to the first token, and the processor time and memory (PSS) of each process when it is idle."""

import argparse
import compileall
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

import kumoi
from bench import cloud as cloud_module
from bench.cloud import Cloud

PROCESSES = {
    "api": "import kumoi.serve; load = app.load_services",
    "streams": "import kumoi.serve; from kumoi.services.identity import facade; load = app.load_streams",
    "runner": "import kumoi.runner; load = app.load_runner",
}
MEASURE = """
import json, sys, time
began = time.perf_counter()
from kumoi import app
{process}
load()
spent = time.perf_counter() - began
anonymous = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("RssAnon"))
rooms = sum(name.startswith("kumoi.services.") for name in sys.modules)
print(json.dumps({{"s": round(spent, 2), "anonymous_mib": round(anonymous / 1024, 1), "rooms": rooms}}))
"""


def copy(services: Path, name: str, number: int) -> None:
    """Package, tables, operations and quotas get the copy's name."""
    new = f"{name}{number}"
    shutil.copytree(services / name, services / new, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (services / new).rglob("*.py"):
        text = path.read_text().replace(f"kumoi.services.{name}", f"kumoi.services.{new}")
        text = re.sub(rf'"(ix|uq)_{name}_', rf'"\1_{new}_', text)
        path.write_text(re.sub(rf'(["/]){name}([s._":/])', rf"\g<1>{new}\2", text))


def measure(tree: Path, process: str) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    argv = [sys.executable, "-c", MEASURE.format(process=PROCESSES[process])]
    runs = [subprocess.run(argv, env=environment, capture_output=True, text=True, check=True) for _ in range(4)]
    found: list[dict[str, float]] = [json.loads(run.stdout) for run in runs[1:]]
    return min(found, key=lambda each: each["s"])


TABLES = """
_upgrade = upgrade


def upgrade(database: Database) -> None:
    _upgrade(database)
    from kumoi import app

    app.load_services()
    database.create_all()
"""
"""The copies have no migrations."""


def start(tree: Path) -> dict[str, object]:
    """By a Python of its own: the supervisor hands no PYTHONPATH on."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tree / "venv"], check=True)
    paths = [tree, sysconfig.get_path("purelib")]
    place = next((tree / "venv" / "lib").glob("python*/site-packages"))
    (place / "tree.pth").write_text("".join(f"{path}\n" for path in paths))
    program = tree / "venv" / "bin" / "kumoi"
    program.write_text(f"#!{tree}/venv/bin/python\nfrom kumoi.cli import main\nmain()\n")
    program.chmod(0o755)
    cloud_module.KUMOI[:] = [str(program)]
    compileall.compile_dir(tree / "kumoi", quiet=1)
    with Cloud(hypervisor="fake", network="fake") as cloud:
        time.sleep(10)
        return {
            "first_token_s": cloud.first_token_s,
            "processor_ms": cloud.processor_ms(),
            "pss_mib": cloud.memory_mib(),
        }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.copies", description=__doc__)
    parser.add_argument("--service", default="image")
    parser.add_argument("--copies", type=int, default=16)
    parser.add_argument("--cloud", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="k-") as folder:
        tree = Path(folder)
        tree.chmod(0o755)
        shutil.copytree(Path(kumoi.__file__).parent, tree / "kumoi", ignore=shutil.ignore_patterns("__pycache__"))
        for count in (0, asked.copies):
            for number in range(count):
                copy(tree / "kumoi" / "services", asked.service, number)
            if asked.cloud:
                if count:
                    with (tree / "kumoi" / "migrations" / "__init__.py").open("a") as migrations:
                        migrations.write(TABLES)
                print(f"{count} copies: {json.dumps(start(tree))}", flush=True)
                continue
            for process in PROCESSES:
                print(f"{count} copies, {process}: {json.dumps(measure(tree, process))}", flush=True)


if __name__ == "__main__":
    main()
