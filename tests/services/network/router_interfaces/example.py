"""A subnet behind a router: a PUT that creates a port."""

from typing import Any

from tests.examples import made


def add(cloud: Any) -> tuple[str, dict[str, Any]]:
    router, subnet = made(cloud, "network", "routers")["id"], made(cloud, "network", "subnets")["id"]
    return f"/network/v2.0/routers/{router}/add_router_interface", {"subnet_id": subnet}
