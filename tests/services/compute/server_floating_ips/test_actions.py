"""Floating IPs associated by server actions, in versions before 2.44."""

from typing import Any

from tests import examples
from tests.services.compute.server_floating_ips.example import reachable
from tests.services.compute.world import SERVERS


def test_to_a_server_and_away(cloud: Any) -> None:
    examples.prepare(cloud)
    world = examples.world(cloud)
    server_id, address = reachable(cloud)

    def act(action: str, version: str = "2.43", as_: str = "member", **more: str) -> Any:
        return world.act(server_id, action, {"address": address, **more}, version=version, as_=as_)

    def floating() -> list[str]:
        shown = world.show(server_id)["addresses"].values()
        return [each["addr"] for some in shown for each in some if each["OS-EXT-IPS:type"] == "floating"]

    assert act("addFloatingIp", version="2.44").status_code == 400
    assert act("addFloatingIp", fixed_address="10.0.9.9").status_code == 400
    assert act("addFloatingIp", address="203.0.113.250").status_code == 404
    assert act("removeFloatingIp").status_code == 409
    assert floating() == []
    assert act("addFloatingIp", as_="other").status_code == 404
    assert act("addFloatingIp").status_code == 202
    cloud.settle()
    assert floating() == [address] and cloud.audit() == []
    other = world.boot("two")
    refused = cloud.post(f"{SERVERS}/{other}/action", json={"removeFloatingIp": {"address": address}})
    assert refused.status_code == 409 and address in refused.json["conflictingRequest"]["message"]
    assert act("removeFloatingIp").status_code == 202
    cloud.settle()
    assert floating() == [] and cloud.audit() == []
    (fixed,) = [each["addr"] for some in world.show(server_id)["addresses"].values() for each in some]
    assert act("addFloatingIp", fixed_address=fixed).status_code == 202
    assert floating() == [address]


def test_a_server_that_no_router_reaches(cloud: Any) -> None:
    examples.prepare(cloud)
    world = examples.world(cloud)
    address = examples.made(cloud, "network", "floating_ips")["floating_ip_address"]
    server_id = world.boot()
    refused = world.act(server_id, "addFloatingIp", {"address": address}, version="2.1")
    assert refused.status_code == 400 and "not reachable" in refused.json["badRequest"]["message"]
