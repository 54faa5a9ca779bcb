"""Servers of a project without a network that ask for one."""

from typing import Any

from tests.cloud import OTHER_PROJECT
from tests.services.compute.world import LATEST, SERVERS, World

N = "/network/v2.0"


def ask(world: World, **more: Any) -> Any:
    body = world.body(networks="auto", **more)
    return world.cloud.post(SERVERS, as_="other", version=LATEST, json=body)


def test_a_network_is_made(world: World) -> None:
    cloud = world.cloud
    asked = {"name": "public", "router:external": True, "is_default": True}
    public = cloud.post(f"{N}/networks", as_="admin", json={"network": asked}).json["network"]["id"]
    subnet = {"network_id": public, "cidr": "172.24.4.0/24", "ip_version": 4, "enable_dhcp": False}
    assert cloud.post(f"{N}/subnets", as_="admin", json={"subnet": subnet}).status_code == 201
    made = ask(world, min_count=3)
    assert made.status_code == 202, made.text
    assert ask(world).status_code == 202, "the second request uses the same"
    networks = cloud.get(f"{N}/networks", as_="other").json["networks"]
    (network,) = (one for one in networks if one["project_id"] == OTHER_PROJECT)
    ports = cloud.get(f"{N}/ports?network_id={network['id']}", as_="other").json["ports"]
    assert sum(port["device_owner"] == "compute:nova" for port in ports) == 4
    world.nothing_is_left()


def test_without_a_way_out_it_is_refused(world: World) -> None:
    refused = ask(world)
    assert refused.status_code == 400 and "networks" in refused.json["badRequest"]["message"]
