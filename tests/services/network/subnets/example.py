"""A subnet of a network without any."""

from typing import Any

from tests.examples import made


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    network = made(cloud, "network", "networks")["id"]
    return "/network/v2.0/subnets", {"subnet": {"network_id": network, "cidr": "10.7.0.0/24", "ip_version": 4}}
