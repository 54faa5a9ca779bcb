"""An event as the network service sends it."""

from typing import Any

from tests.examples import server


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    event = {"name": "network-changed", "server_uuid": server(cloud)}
    return "/compute/v2.1/os-server-external-events", {"events": [event]}
