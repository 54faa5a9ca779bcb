"""How real and end-to-end tests share their workers: `pytest -n 4 --dist loadgroup --no-loadscope-reorder`.

They wait more than they compute, and each cloud has an id, folders, ports and a range of addresses of its own."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ONE_CLOUD = {
    "tests/end_to_end/test_life_of_a_server.py": "life",
    "tests/end_to_end/test_bad_luck.py": "furnished",
    "tests/end_to_end/test_console_in_a_browser.py": "furnished",
    "tests/engines/network/test_ovn.py": "topology",
    "tests/engines/network/test_ovn_packets.py": "packets",
    "tests/scripts/test_guest_image.py": "guest",
}
"""Files whose tests go on with what the ones before them made, or share what takes long to start: one worker for each."""

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
"""These begin first, so that none of them is left alone at the end."""


class SideBySide(LoadScopeScheduling):
    """A worker takes one test after another, or all of a cloud's. xdist's own `loadgroup` finds no groups under pytest 9."""

    def _split_scope(self, nodeid: str) -> str:
        return ONE_CLOUD.get(nodeid.partition("::")[0], nodeid)


def scheduler(config: pytest.Config, log: Any) -> Any:
    """None: xdist's own for the other kinds of `--dist`."""
    return SideBySide(config, log) if config.getoption("dist") == "loadgroup" else None


def begin_with_the_longest(items: list[pytest.Item]) -> None:
    """Tests on fakes stay in their order."""

    def place(item: pytest.Item) -> int:
        if not (item.get_closest_marker("real") or item.get_closest_marker("end_to_end")):
            return 0
        path = item.nodeid.partition("::")[0]
        return LONGEST.index(path) if path in LONGEST else len(LONGEST)

    items.sort(key=place)
