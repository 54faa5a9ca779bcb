"""The cost of tests by folder: `--times NAME` writes reports/tests-NAME.json, and the summary lists the most expensive
folders."""

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPORTS = Path(__file__).resolve().parents[1] / "reports"
SHOWN = 15


def cpu() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def folder_of(nodeid: str) -> str:
    """The first three parts of a path: one service, one engine or one proof."""
    parts = nodeid.partition("::")[0].split("/")
    return "/".join(parts[: min(3, len(parts) - 1)]) or "."


class Times:
    """Each phase of each test, measured in its worker and summed in the main process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.last = cpu()
        self.files: dict[str, dict[str, float]] = defaultdict(lambda: {"tests": 0, "seconds": 0.0, "cpu": 0.0})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        report: Any = yield
        now = cpu()
        report.cpu, self.last = now - self.last, now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file = self.files[report.nodeid.partition("::")[0]]
        file["tests"] += report.when == "call"
        file["seconds"] += report.duration
        file["cpu"] += getattr(report, "cpu", 0.0)

    def folders(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = defaultdict(lambda: {"tests": 0, "seconds": 0.0, "cpu": 0.0})
        for name, file in self.files.items():
            for key, value in file.items():
                found[folder_of(name)][key] += value
        return dict(sorted(found.items(), key=lambda one: -one[1]["cpu"]))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        folders = self.folders()
        terminalreporter.write_sep("-", "CPU seconds, wall seconds and tests by folder")
        for name, spent in list(folders.items())[:SHOWN]:
            terminalreporter.write_line(f"{spent['cpu']:8.1f} {spent['seconds']:8.1f} {spent['tests']:6.0f}  {name}")

    def pytest_sessionfinish(self) -> None:
        if not self.files or "PYTEST_XDIST_WORKER" in os.environ:
            return
        rounded = {
            kind: {name: {key: round(value, 2) for key, value in spent.items()} for name, spent in rows.items()}
            for kind, rows in (("folders", self.folders()), ("files", dict(sorted(self.files.items()))))
        }
        REPORTS.mkdir(exist_ok=True)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        (REPORTS / f"tests-{self.name}.json").write_text(json.dumps({"at": at, **rounded}, indent=1) + "\n")
