"""`make quick`: runs the tests that a change may have broken, by imports, the nearest first, for at most two minutes.

A test is near a changed file if it imports it, directly or through other files, or if it is in the folder that mirrors
the file's. Services are loaded by name, so imports alone would miss some tests. `make test` runs the proofs, QEMU and
OVN.
"""

import argparse
import ast
import json
import subprocess
import sys
from collections import defaultdict, deque
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUDGET = 120.0
"""Processor seconds, on two cores."""
UNKNOWN = 2.0
"""The assumed cost of a file that no report lists."""
ALWAYS = "tests/architecture"
OF_THE_DASHBOARD = "tests/dashboard/test_sources.py"
"""What holds for its sources, which no Python file imports."""
LEFT_OUT = ("matrix", "simulation", "fuzz", "power_cut", "chaos", "mutations", "end_to_end")


def git(*words: str) -> list[str]:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]


def changed(against: str) -> list[str]:
    """Files that differ from the merge base with `against`, committed or not."""
    base = git("merge-base", against, "HEAD")[0]
    return sorted({*git("diff", "--name-only", base), *git("ls-files", "--others", "--exclude-standard")})


def every() -> dict[str, str]:
    """Path of each source and test file, by the module's name."""
    found = {}
    for top, below in (("src", "src/kumoi"), (".", "tests")):
        for path in sorted((ROOT / below).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT / top).with_suffix("").parts).removesuffix(".__init__")
            found[name] = str(path.relative_to(ROOT))
    return found


def imported(path: str, modules: dict[str, str]) -> Iterator[str]:
    """The files that a file imports, wherever in it; a test's conftests count."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [name for alias in node.names for name in (f"{node.module}.{alias.name}", node.module)]
        yield from (modules[name] for name in names if name in modules)
    if path.startswith("tests/"):
        for folder in Path(path).parents:
            if (ROOT / folder / "conftest.py").exists() and str(folder / "conftest.py") != path:
                yield str(folder / "conftest.py")


def is_test(path: str) -> bool:
    parts = Path(path).parts
    return parts[0] == "tests" and parts[-1].startswith("test_") and parts[1] not in LEFT_OUT


def beside(path: str) -> str:
    """The folder of tests that mirrors a source file's: of a room below a resource, the resource's."""
    folder = Path("tests", *Path(path).parts[2:-1])
    while not (ROOT / folder).is_dir():
        folder = folder.parent
    return str(folder)


def nearest(changes: list[str]) -> list[str]:
    """Test files by their distance from the change: 0 for changed tests and those in the mirrored folder."""
    modules = every()
    importers: dict[str, set[str]] = defaultdict(set)
    for path in modules.values():
        for other in imported(path, modules):
            importers[other].add(path)
    distance = {path: 0 for path in changes if path in modules.values()}
    folders = {beside(path) for path in distance if path.startswith("src/kumoi/")} - {"tests"}
    distance |= {path: 0 for path in modules.values() if any(path.startswith(f"{folder}/") for folder in folders)}
    if any(path.startswith("dashboard/") for path in changes):
        distance[OF_THE_DASHBOARD] = 0
    # Only changed files are followed. A test beside a changed file does not select tests that import its helpers.
    waiting = deque(path for path in changes if path in distance)
    while waiting:
        path = waiting.popleft()
        for importer in importers[path]:
            if importer not in distance:
                distance[importer] = distance[path] + 1
                waiting.append(importer)
    return sorted(filter(is_test, distance), key=lambda path: (distance[path], path))


def costs() -> dict[str, float]:
    """Processor seconds by file, from the last measured runs (`make test`)."""
    found: dict[str, float] = {}
    for report in sorted((ROOT / "reports").glob("tests-*.json")):
        found |= {path: spent["cpu"] for path, spent in json.loads(report.read_text())["files"].items()}
    return found


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.quick", description=__doc__)
    parser.add_argument(
        "against", nargs="?", default="main", help="the branch, tag or commit that this one is compared with"
    )
    against = parser.parse_args(words).against
    try:
        changes = changed(against)
    except subprocess.CalledProcessError as error:
        parser.error(f"against: {error.stderr.strip()}")
    known, spent, chosen = costs(), 0.0, [ALWAYS]
    wanted = [path for path in nearest(changes) if not path.startswith(ALWAYS)]
    for path in wanted:
        spent += known.get(path, UNKNOWN)
        if spent > BUDGET:
            break
        chosen.append(path)
    left = len(wanted) - len(chosen) + 1
    print(f"{len(changes)} files differ from {against}; {len(chosen) - 1} test files are near, and {ALWAYS}", end="")
    print(f"; {left} further away are left to `make test`" if left else "")
    return int(pytest.main(["-n", "2", "-m", "not real and not end_to_end", *chosen]))


if __name__ == "__main__":
    sys.exit(main())
