"""`python -m tests.mutations [--trust] [name …]`: each patch breaks one promise, and the suite that it names must fail.

`--trust`: skip the check that the suites pass without a patch.

The first line of a patch is `suite: <arguments of pytest>`, the second `breaks: <the promise>`.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kumoi.kernel import clock
from tests.matrix import report

ROOT = Path(__file__).parents[2]
PATCHES = Path(__file__).parent
COPIED = ("src", "tests", "pyproject.toml")
GREEN, RED = 0, 1
"""pytest's exit statuses: all passed, some failed. Any other status means that the suite does not run."""
WITHIN = 900.0
HANGS = -1


@dataclass(frozen=True)
class Mutation:
    name: str
    suite: str
    breaks: str
    patch: Path


def mutations(names: list[str]) -> list[Mutation]:
    found = []
    for patch in sorted(PATCHES.glob("*.patch")):
        suite, breaks = patch.read_text().splitlines()[:2]
        if not names or patch.stem in names:
            found.append(Mutation(patch.stem, suite.removeprefix("suite: "), breaks.removeprefix("breaks: "), patch))
    return found


def run(tree: Path, suite: str) -> int:
    """pytest's exit status in a copy of the tree; the first failure is enough."""
    environment = {**os.environ, "PYTHONPATH": f"{tree / 'src'}:{tree}", "PYTHONDONTWRITEBYTECODE": "1",
                   "KUMOI_SEEDS": "60", "KUMOI_MATRIX": "whole"}  # fmt: skip
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *shlex.split(suite)]
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=WITHIN, check=False
        )
    except subprocess.TimeoutExpired:
        return HANGS
    if done.returncode not in (GREEN, RED):
        print(f"{suite}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[:3000]}", flush=True)
    return done.returncode


def copy() -> Path:
    memory = Path("/dev/shm")
    tree = Path(tempfile.mkdtemp(prefix="k-mutant-", dir=memory if memory.is_dir() else None))
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tree / name)
    return tree


def applies(mutation: Mutation, tree: Path, *, check: bool = False) -> str:
    """Apply it to a tree. Returns the reason if it does not apply. `check`: only check whether it would."""
    command = [
        "git",
        "apply",
        "-p1",
        "-C1",
        "--whitespace=nowarn",
        *(["--check"] if check else []),
        str(mutation.patch),
    ]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


def kill(mutation: Mutation) -> str:
    """`killed`, or why not."""
    tree = copy()
    try:
        if why := applies(mutation, tree):
            return f"the patch does not apply: {why}"
        status = run(tree, mutation.suite)
        return {RED: "killed", GREEN: "SURVIVED: the suite stays green", HANGS: "the suite hangs"}.get(
            status, f"the suite does not run ({status})"
        )
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def main() -> None:
    trusting = "--trust" in sys.argv
    names = [name for name in sys.argv[1:] if name != "--trust"]
    chosen = mutations(names)
    began = clock.monotonic()
    tree = copy()
    try:
        suites = [] if trusting else sorted({each.suite for each in chosen})
        not_green = [suite for suite in suites if run(tree, suite) != GREEN]
    finally:
        shutil.rmtree(tree, ignore_errors=True)
    if not_green:
        sys.exit(f"not green without any mutation: {', '.join(not_green)}")
    survived = 0
    for mutation in chosen:
        verdict = kill(mutation)
        survived += verdict != "killed"
        print(f"{mutation.name:28} {verdict}  ({mutation.breaks})", flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} mutations killed in {clock.monotonic() - began:.0f} s")
    if not names:
        report.note("mutations", "all", {"mutations": len(chosen), "killed": len(chosen) - survived})
    sys.exit(1 if survived else 0)


if __name__ == "__main__":
    main()
