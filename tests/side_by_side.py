"""Scheduling of real and end-to-end tests: `pytest -n 4 --dist loadgroup --no-loadscope-reorder`.

These tests wait more than they compute, and each cloud has its own id, folders, ports and address range.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ONE_CLOUD = {
    "tests/end_to_end/test_life_of_a_server.py": "life",
    "tests/end_to_end/test_bad_luck.py": "furnished",
    "tests/end_to_end/test_console_in_a_browser.py": "furnished",
    "tests/end_to_end/test_console_in_the_dashboard.py": "furnished",
    "tests/end_to_end/test_backups_of_volumes.py": "backups",
    "tests/end_to_end/test_actions_of_a_server.py": "actions",
    "tests/engines/network/test_ovn.py": "topology",
    "tests/engines/network/test_ovn_packets.py": "packets",
    "tests/scripts/test_guest_image.py": "guest",
}
"""Files whose tests depend on each other's results, or share something that starts slowly. Each file runs on one
worker."""

DASHBOARD = "tests/dashboard/"
"""Its tests share a cloud and a browser, except the files that take longest, which have their own."""

DASHBOARDS = ("test_every_page.py", "test_on_a_phone.py", "test_every_button.py", "test_wording.py")

LONGEST = (
    "tests/end_to_end/test_life_of_a_server.py",
    "tests/chaos/test_chaos.py",
    "tests/end_to_end/test_bad_luck.py",
    "tests/end_to_end/test_console_in_a_browser.py",
    "tests/power_cut/test_power_cut.py",
    "tests/engines/network/test_ovn_packets.py",
    "tests/scripts/test_guest_image.py",
    "tests/end_to_end/test_refusals.py",
)
"""The longest tests. They start first, so that none of them runs alone at the end."""


class SideBySide(LoadScopeScheduling):
    """A worker takes one test at a time, or all tests of one cloud. xdist's own `loadgroup` finds no groups under
    pytest 9."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path.startswith(DASHBOARD):
            return path if path.removeprefix(DASHBOARD) in DASHBOARDS else DASHBOARD
        return ONE_CLOUD.get(path, nodeid)


def scheduler(config: pytest.Config, log: Any) -> Any:
    """None: use xdist's own scheduler for other kinds of `--dist`."""
    return SideBySide(config, log) if config.getoption("dist") == "loadgroup" else None


def begin_with_the_longest(items: list[pytest.Item]) -> None:
    """Tests on fakes keep their order."""

    def place(item: pytest.Item) -> int:
        if not (item.get_closest_marker("real") or item.get_closest_marker("end_to_end")):
            return 0
        path = item.nodeid.partition("::")[0]
        return LONGEST.index(path) if path in LONGEST else len(LONGEST)

    items.sort(key=place)
