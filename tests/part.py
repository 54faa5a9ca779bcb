"""One part of the tests, as `make test` runs it: `python -m tests.part NAME [pytest's arguments]`.

A test that waits for another process can fail because the machine was slow at that moment. If a few tests failed, they
run again, alone and one after another. The part passes if they pass then; their names are printed and written to
`reports/tests-NAME-again.txt`, because a test that needs a second run has a fault that somebody must mend.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

FEW = 5
"""More failed tests than this are not run again: that is no accident."""
FAILED = 1
"""pytest's exit code if all tests ran and some failed."""


def failed(cache: Path) -> list[str]:
    """The tests that failed in the last run that used this cache folder."""
    try:
        return sorted(json.loads((cache / "v/cache/lastfailed").read_text()))
    except FileNotFoundError:
        return []


def run(name: str, arguments: list[str], root: Path) -> int:
    cache = root / ".pytest_cache" / name
    shutil.rmtree(cache, ignore_errors=True)
    listed = root / "reports" / f"tests-{name}-again.txt"
    listed.unlink(missing_ok=True)
    pytest = [sys.executable, "-m", "pytest", "-o", f"cache_dir={cache}"]
    code = subprocess.run([*pytest, *arguments], cwd=root).returncode
    again = failed(cache)
    if code != FAILED or not 0 < len(again) <= FEW:
        return code
    print(f"\n{len(again)} failed. They run again, alone:", *again, sep="\n  ", flush=True)
    code = subprocess.run([*pytest, *arguments, "-n", "0", "--last-failed"], cwd=root).returncode
    if code == 0:
        listed.parent.mkdir(exist_ok=True)
        listed.write_text("".join(f"{test}\n" for test in again))
        print("\nFailed beside other tests, passed alone (each has a fault to mend):", *again, sep="\n  ", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:], Path.cwd()))
