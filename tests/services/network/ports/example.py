"""A port on a network with a subnet."""

from typing import Any

from tests.examples import made


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    network = made(cloud, "network", "subnets")["network_id"]
    return "/network/v2.0/ports", {"port": {"network_id": network}}
