"""The console output of a running server, and its screen."""

from typing import Any

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.kernel.routes import Route
from tests.examples import server


def output(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"/compute/v2.1/servers/{server(cloud)}/action", {"os-getConsoleOutput": {"length": 10}}


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    cloud.engines[FakeHypervisor].screen = "/run/vnc"
    body = {"protocol": "vnc", "type": "novnc"}
    return f"/compute/v2.1/servers/{server(cloud)}/remote-consoles", {"remote_console": body}


def open_console(cloud: Any, route: Route) -> tuple[str, dict[str, Any]]:
    cloud.engines[FakeHypervisor].screen = "/run/vnc"
    return f"/compute/v2.1/servers/{server(cloud)}/action", {str(route.action): {"type": "novnc"}}
