"""`make prove`: runs the long form of each proof in turn, and writes a table in docs/reliability.md."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "reports" / "prove.json"
PAGE = ROOT / "docs" / "reliability.md"
ROW = re.compile(r"^\| `(make [^`]+)` \|.*$", re.MULTILINE)


@dataclass(frozen=True)
class Form:
    """`short`: the part that the test command runs."""

    name: str
    command: str
    short: str
    root: bool = False


FORMS = (
    Form("matrix", "make matrix", "one point in three on SQLite, in eight on PostgreSQL"),
    Form("sim", "make sim COUNT=2000", "1,000 seeds"),
    Form("sim-postgresql", "make sim COUNT=400 DATABASE=postgresql", "30 seeds"),
    Form("power-cut", "make power-cut", "56 cuts, 48 with objects on several disks, and 24 with QEMU"),
    Form("fuzz", "make fuzz COUNT=3 EXAMPLES=8", "seed 1: two examples of each route on SQLite, one on PostgreSQL"),
    Form("chaos", "make chaos SECONDS=300", "45 s", root=True),
    Form("chaos-postgresql", "make chaos SECONDS=300 DATABASE=postgresql", "45 s", root=True),
    Form("mutations", "make mutations", "that every patch applies"),
)


def row(form: Form, told: str) -> str:
    return f"| `{form.command}` | {form.short} | {told} |"


def note(form: Form, told: str) -> None:
    """Put a form's last run into the table."""

    def changed(found: re.Match[str]) -> str:
        return row(form, told) if found[1] == form.command else found[0]

    PAGE.write_text(ROW.sub(changed, PAGE.read_text()))


def main() -> int:
    only = sys.argv[1:]
    if unknown := set(only) - {form.name for form in FORMS}:
        sys.exit(f"make prove knows no {', '.join(sorted(unknown))}; it knows {', '.join(form.name for form in FORMS)}")
    done = []
    for form in FORMS:
        if only and form.name not in only:
            continue
        if form.root and os.geteuid() != 0:
            print(f"{form.command}: left out, it needs root", flush=True)
            continue
        print(f"--- {form.command}", flush=True)
        began, at = time.monotonic(), time.strftime("%Y-%m-%d %H:%M", time.gmtime())
        status = subprocess.run(form.command.split(), cwd=ROOT).returncode
        seconds = round(time.monotonic() - began)
        told = f"{at}, {seconds} s: {'holds' if status == 0 else 'BROKEN'}"
        done.append({"name": form.name, "command": form.command, "at": at, "seconds": seconds, "status": status})
        note(form, told)
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(json.dumps(done, indent=1) + "\n")
    for each in done:
        print(f"{each['seconds']:6} s  {'holds ' if each['status'] == 0 else 'BROKEN'}  {each['command']}")
    return max((int(each["status"] != 0) for each in done), default=1)


if __name__ == "__main__":
    sys.exit(main())
