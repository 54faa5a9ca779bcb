"""Floating IPs as clients see them."""

from typing import Any

import pytest

from kumoi.services.network.facade import ports

V2 = "/network/v2.0"


@pytest.fixture
def way(cloud: Any, net: Any) -> dict[str, Any]:
    """A port behind a router to an external network."""
    outside, inside = net.external(), net.network()
    router = net.make("routers", external_gateway_info={"network_id": outside["id"]})
    body = {"subnet_id": inside["subnet"]["id"]}
    assert cloud.put(f"{V2}/routers/{router['id']}/add_router_interface", json=body).status_code == 200
    port = net.make("ports", network_id=inside["id"], fixed_ips=[{"ip_address": "10.0.0.9"}], name="p")
    return {"outside": outside, "inside": inside, "router": router, "port": port}


def test_a_floating_ip_lives_and_dies(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    made = net.make("floatingips", floating_network_id=way["outside"]["id"], description="d", tags=["t"])
    assert made["status"] == "DOWN" and made["port_id"] is None and made["port_details"] is None
    assert made["tags"] == ["t"]
    (own,) = net.list("ports", as_="admin", device_id=made["id"])
    assert own["device_owner"] == "network:floatingip" and own["status"] == "N/A" and own["project_id"] == ""
    led = net.set("floatingips", made["id"], port_id=way["port"]["id"])
    assert led["fixed_ip_address"] == "10.0.0.9" and led["router_id"] == way["router"]["id"]
    assert led["port_details"]["name"] == "p"
    cloud.settle()
    assert net.show("floatingips", made["id"])["status"] == "ACTIVE"
    assert net.set("floatingips", made["id"], description="e")["port_id"] == way["port"]["id"]
    assert net.set("floatingips", made["id"])["port_id"] is None
    net.set("floatingips", made["id"], port_id=way["port"]["id"])
    free = net.set("floatingips", made["id"], port_id=None)
    assert free["status"] == "DOWN" and free["fixed_ip_address"] is None and free["router_id"] is None
    net.drop("floatingips", made["id"])
    net.refused(cloud.get(f"{V2}/floatingips/{made['id']}"), 404, "FloatingIPNotFound")
    assert net.list("ports", as_="admin", device_owner="network:floatingip") == []


def test_which_address(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    outside = way["outside"]
    second = net.make(
        "subnets", as_="admin", network_id=outside["id"], ip_version=4, cidr="172.25.0.0/24", enable_dhcp=False
    )

    def floating(as_: str = "member", **fields: Any) -> Any:
        body = {"floating_network_id": outside["id"], **fields}
        return cloud.post(f"{V2}/floatingips", as_=as_, json={"floatingip": body})

    assert floating(subnet_id=second["id"]).json["floatingip"]["floating_ip_address"].startswith("172.25.0.")
    net.refused(floating(floating_ip_address="172.24.4.99"), 403, "PolicyNotAuthorized")
    assert (
        floating("admin", floating_ip_address="172.24.4.99").json["floatingip"]["floating_ip_address"] == "172.24.4.99"
    )
    net.refused(floating("admin", floating_ip_address="172.24.4.99"), 409, "IpAddressAlreadyAllocated")
    net.refused(floating("admin", floating_ip_address="10.0.0.9"), 400, "InvalidIpForNetwork")
    net.refused(floating("admin", floating_ip_address="x"), 400, "InvalidInput")
    net.refused(floating(subnet_id="00000000-0000-4000-8000-000000000000"), 400, "BadRequest")
    net.refused(floating(floating_network_id="00000000-0000-4000-8000-000000000000"), 404, "NetworkNotFound")
    net.refused(floating(floating_network_id=way["inside"]["id"]), 400, "BadRequest")
    net.refused(floating(fixed_ip_address="10.0.0.9"), 400, "BadRequest")


def test_which_port(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    outside, port = way["outside"]["id"], way["port"]["id"]
    floating = net.make("floatingips", floating_network_id=outside, port_id=port)
    assert floating["fixed_ip_address"] == "10.0.0.9"
    body: dict[str, Any] = {"floating_network_id": outside, "port_id": port}

    def again(**fields: Any) -> Any:
        return cloud.post(f"{V2}/floatingips", json={"floatingip": {**body, **fields}})

    net.refused(again(), 409, "FloatingIPPortAlreadyAssociated")
    net.refused(again(port_id="00000000-0000-4000-8000-000000000000"), 404, "PortNotFound")
    net.refused(again(fixed_ip_address="10.0.0.10"), 400, "BadRequest")
    net.refused(again(fixed_ip_address="fd00::1"), 400, "BadRequest")
    lonely = net.network("10.3.0.0/24")
    alone = net.make("ports", network_id=lonely["id"])
    net.refused(again(port_id=alone["id"]), 404, "ExternalGatewayForFloatingIPNotFound")
    bare = net.make("ports", network_id=lonely["id"], fixed_ips=[])
    net.refused(again(port_id=bare["id"]), 400, "BadRequest")
    two = [{"ip_address": "10.0.0.20"}, {"ip_address": "10.0.0.21"}]
    both = net.make("ports", network_id=way["inside"]["id"], fixed_ips=two)
    assert "multiple" in net.refused(again(port_id=both["id"]), 400, "BadRequest")
    assert again(port_id=both["id"], fixed_ip_address="10.0.0.21").status_code == 201
    # Nothing remains of the refused ones.
    assert len(net.list("floatingips")) == 2
    assert len(net.list("ports", as_="admin", device_owner="network:floatingip")) == 2


def test_what_a_floating_ip_holds_in_place(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    floating = net.make("floatingips", floating_network_id=way["outside"]["id"], port_id=way["port"]["id"])
    router, inside = way["router"]["id"], way["inside"]
    off = cloud.put(f"{V2}/routers/{router}", json={"router": {"external_gateway_info": None}})
    net.refused(off, 409, "RouterExternalGatewayInUseByFloatingIp")
    body = {"subnet_id": inside["subnet"]["id"]}
    away = cloud.put(f"{V2}/routers/{router}/remove_router_interface", json=body)
    net.refused(away, 409, "RouterInterfaceInUseByFloatingIP")
    private = {"network": {"router:external": False}}
    net.refused(
        cloud.put(f"{V2}/networks/{way['outside']['id']}", as_="admin", json=private), 409, "ExternalNetworkInUse"
    )
    (own,) = net.list("ports", as_="admin", device_id=floating["id"])
    net.refused(cloud.delete(f"{V2}/ports/{own['id']}", as_="admin"), 409, "ServicePortInUse")
    # The port may be deleted, or lose the address. Then the floating IP is disassociated.
    net.set("ports", way["port"]["id"], fixed_ips=[{"ip_address": "10.0.0.30"}])
    assert net.show("floatingips", floating["id"])["port_id"] is None
    net.set("floatingips", floating["id"], port_id=way["port"]["id"])
    net.drop("ports", way["port"]["id"])
    shown = net.show("floatingips", floating["id"])
    assert shown["port_id"] is None and shown["status"] == "DOWN"


def test_a_full_external_network(cloud: Any, net: Any) -> None:
    outside = net.external("172.24.4.0/30")
    body = {"floatingip": {"floating_network_id": outside["id"]}}
    assert cloud.post(f"{V2}/floatingips", json=body).status_code == 201
    net.refused(cloud.post(f"{V2}/floatingips", json=body), 400, "ExternalIpAddressExhausted")


def test_idle_ones_go_with_their_network(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    idle = net.make("floatingips", floating_network_id=way["outside"]["id"])
    net.refused(cloud.delete(f"{V2}/networks/{way['outside']['id']}", as_="admin"), 409, "NetworkInUse")
    net.set("routers", way["router"]["id"], external_gateway_info=None)
    net.drop("networks", way["outside"]["id"], as_="admin")
    net.refused(cloud.get(f"{V2}/floatingips/{idle['id']}"), 404, "FloatingIPNotFound")


def test_others_and_quota(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    floating = net.make("floatingips", floating_network_id=way["outside"]["id"])
    net.refused(cloud.get(f"{V2}/floatingips/{floating['id']}", as_="other"), 404, "FloatingIPNotFound")
    theirs = net.make("floatingips", as_="other", floating_network_id=way["outside"]["id"])
    body = {"floatingip": {"port_id": way["port"]["id"]}}
    net.refused(cloud.put(f"{V2}/floatingips/{theirs['id']}", as_="other", json=body), 404, "PortNotFound")
    cloud.put(f"{V2}/quotas/{'1' * 32}", as_="admin", json={"quota": {"floatingip": 1}})
    more = {"floatingip": {"floating_network_id": way["outside"]["id"]}}
    net.refused(cloud.post(f"{V2}/floatingips", json=more), 409, "OverQuota")


def test_filters(net: Any, way: dict[str, Any]) -> None:
    one = net.make("floatingips", floating_network_id=way["outside"]["id"], port_id=way["port"]["id"])
    two = net.make("floatingips", floating_network_id=way["outside"]["id"])

    def ids(**params: Any) -> list[str]:
        return [floating["id"] for floating in net.list("floatingips", **params)]

    assert ids(port_id=way["port"]["id"]) == ids(fixed_ip_address="10.0.0.9") == [one["id"]]
    assert ids(floating_ip_address=two["floating_ip_address"]) == [two["id"]]
    assert ids(router_id=way["router"]["id"], status=["DOWN", "ACTIVE"]) == [one["id"]]


def test_an_address_has_one_floating_ip_on_each_external_network(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    flat = {"provider:network_type": "flat", "provider:physical_network": "second"}
    other = net.make("networks", as_="admin", name="second", **{"router:external": True, **flat})
    net.make("subnets", as_="admin", network_id=other["id"], ip_version=4, cidr="172.25.4.0/24", enable_dhcp=False)
    second = net.make("routers", name="second", external_gateway_info={"network_id": other["id"]})
    door = net.make("ports", network_id=way["inside"]["id"])
    joined = cloud.put(f"{V2}/routers/{second['id']}/add_router_interface", json={"port_id": door["id"]})
    assert joined.status_code == 200, joined.text
    first = net.make("floatingips", floating_network_id=way["outside"]["id"], port_id=way["port"]["id"])
    free = net.make("floatingips", floating_network_id=other["id"])
    asked = {"floatingip": {"port_id": way["port"]["id"]}}
    joined = cloud.put(f"{V2}/floatingips/{free['id']}", json=asked)
    assert joined.status_code == 200 and joined.json["floatingip"]["router_id"] == second["id"]
    for network in (way["outside"], other):
        asked = {"floatingip": {"floating_network_id": network["id"], "port_id": way["port"]["id"]}}
        refused = cloud.post(f"{V2}/floatingips", json=asked)
        assert network["id"] in net.refused(refused, 409, "FloatingIPPortAlreadyAssociated")
    (seen,) = cloud.database.read(lambda tx: ports.by_ids(tx, [way["port"]["id"]])).values()
    both = {first["floating_ip_address"], free["floating_ip_address"]}
    assert {address: set(found) for address, found in seen.floating.items()} == {"10.0.0.9": both}
    assert [address for _, address, _ in seen.fixed_addresses] == ["10.0.0.9"]
    cloud.settle()
    assert cloud.audit() == []
