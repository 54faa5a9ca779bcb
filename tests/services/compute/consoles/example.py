"""The console output of a running server."""

from typing import Any

from tests.examples import server


def output(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"/compute/v2.1/servers/{server(cloud)}/action", {"os-getConsoleOutput": {"length": 10}}
