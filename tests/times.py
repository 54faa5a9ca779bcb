"""The cost of tests by folder and by service: `--times NAME` writes reports/tests-NAME.json, and the summary lists the most
expensive folders and all services."""

import json
import os
import re
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kumoi import app, services
from kumoi.kernel import operations

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


def service_of(nodeid: str, services: Collection[str], kinds: Mapping[str, str]) -> str:
    """The service that a test asks: that of its folder, or the first one that its parameters name, also by a kind of
    operation. Empty: it would not be there more often if there were more services."""
    parts = nodeid.partition("::")[0].split("/")
    if parts[1:2] == ["services"] and parts[2] in services:
        return parts[2]
    parameters = nodeid.partition("[")[2]
    if found := re.search(rf"(?<![a-z_])({'|'.join(sorted(services))})(?![a-z])", parameters):
        return found[1]
    return next((service for kind, service in kinds.items() if kind in parameters), "")


def kinds_of_operations() -> dict[str, str]:
    """Kind → service, for operations of a service."""
    app.load_services()
    kinds = {}
    for kind, operation in operations.registry.items():
        step = operation.steps[0]
        parts = (step.do or step.record).__module__.split(".")
        if parts[:2] == ["kumoi", "services"]:
            kinds[kind] = parts[2]
    return kinds


class Times:
    """Each phase of each test, measured in its worker and summed in the main process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.last = cpu()
        self.files: dict[str, dict[str, float]] = defaultdict(lambda: {"tests": 0, "seconds": 0.0, "cpu": 0.0})
        self.services: dict[str, dict[str, float]] = defaultdict(lambda: {"tests": 0, "seconds": 0.0, "cpu": 0.0})
        self.kinds = kinds_of_operations()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        report: Any = yield
        now = cpu()
        report.cpu, self.last = now - self.last, now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        service = service_of(report.nodeid, services.every(), self.kinds)
        for spent in (self.files[report.nodeid.partition("::")[0]], *([self.services[service]] if service else [])):
            spent["tests"] += report.when == "call"
            spent["seconds"] += report.duration
            spent["cpu"] += getattr(report, "cpu", 0.0)

    def folders(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = defaultdict(lambda: {"tests": 0, "seconds": 0.0, "cpu": 0.0})
        for name, file in self.files.items():
            for key, value in file.items():
                found[folder_of(name)][key] += value
        return dict(sorted(found.items(), key=lambda one: -one[1]["cpu"]))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        folders = self.folders()
        for title, rows in (("folder", list(folders.items())[:SHOWN]), ("service", sorted(self.services.items()))):
            terminalreporter.write_sep("-", f"CPU seconds, wall seconds and tests by {title}")
            for name, spent in rows:
                terminalreporter.write_line(
                    f"{spent['cpu']:8.1f} {spent['seconds']:8.1f} {spent['tests']:6.0f}  {name}"
                )

    def pytest_sessionfinish(self) -> None:
        if not self.files or "PYTEST_XDIST_WORKER" in os.environ:
            return
        rounded = {
            kind: {name: {key: round(value, 2) for key, value in spent.items()} for name, spent in rows.items()}
            for kind, rows in (
                ("folders", self.folders()),
                ("services", self.services),
                ("files", dict(sorted(self.files.items()))),
            )
        }
        REPORTS.mkdir(exist_ok=True)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        (REPORTS / f"tests-{self.name}.json").write_text(json.dumps({"at": at, **rounded}, indent=1) + "\n")
