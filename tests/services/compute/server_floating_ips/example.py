"""Floating IPs of a running server, behind a router."""

from typing import Any

from tests.examples import made, world
from tests.services.compute.world import SERVERS

V2 = "/network/v2.0"


def reachable(cloud: Any) -> tuple[str, str]:
    """A running server behind a router, and an unassociated floating IP."""
    here = world(cloud)
    floating = made(cloud, "network", "floating_ips")
    gateway = {"network_id": floating["floating_network_id"]}
    asked = {"router": {"external_gateway_info": gateway}}
    router = cloud.post(f"{V2}/routers", json=asked).json["router"]["id"]
    body = {"subnet_id": here.subnet}
    assert cloud.put(f"{V2}/routers/{router}/add_router_interface", json=body).status_code == 200
    return here.boot(), str(floating["floating_ip_address"])


def add(cloud: Any) -> tuple[str, dict[str, Any]]:
    server_id, address = reachable(cloud)
    return f"{SERVERS}/{server_id}/action", {"addFloatingIp": {"address": address}}


def remove(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, body = add(cloud)
    assert cloud.post(path, json=body).status_code == 202
    return path, {"removeFloatingIp": body["addFloatingIp"]}
