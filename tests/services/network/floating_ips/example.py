"""A floating IP of an external network, which an admin created."""

from typing import Any

V2 = "/network/v2.0"


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    external = {"name": "out", "router:external": True}
    network = cloud.post(f"{V2}/networks", as_="admin", json={"network": external}).json["network"]["id"]
    subnet = {"network_id": network, "cidr": "203.0.113.0/24", "ip_version": 4}
    assert cloud.post(f"{V2}/subnets", as_="admin", json={"subnet": subnet}).status_code == 201
    return f"{V2}/floatingips", {"floatingip": {"floating_network_id": network}}
