"""Routers, their interfaces and routes as clients see them."""

from typing import Any

V2 = "/network/v2.0"


def plug(cloud: Any, router: str, **body: str) -> Any:
    return cloud.put(f"{V2}/routers/{router}/add_router_interface", json=body)


def unplug(cloud: Any, router: str, **body: str) -> Any:
    return cloud.put(f"{V2}/routers/{router}/remove_router_interface", json=body)


def test_a_router_lives_and_dies(cloud: Any, net: Any) -> None:
    outside = net.external()
    made = net.make("routers", name="r", external_gateway_info={"network_id": outside["id"]})
    info = made["external_gateway_info"]
    assert info["network_id"] == outside["id"] and info["enable_snat"] is True
    assert info["external_fixed_ips"][0]["subnet_id"] == outside["subnet"]["id"]
    assert made["status"] == "ACTIVE" and made["routes"] == []
    assert not {"ha", "distributed"} & {*made, *net.show("routers", made["id"], as_="admin")}
    changed = net.set("routers", made["id"], name="s", admin_state_up=False)
    assert changed["name"] == "s" and changed["external_gateway_info"] == info
    assert net.set("routers", made["id"], external_gateway_info=None)["external_gateway_info"] is None
    assert net.set("routers", made["id"], external_gateway_info={"network_id": outside["id"]})
    net.drop("routers", made["id"])
    net.refused(cloud.get(f"{V2}/routers/{made['id']}"), 404, "RouterNotFound")
    assert net.list("ports", as_="admin") == []


def test_the_gateway(cloud: Any, net: Any) -> None:
    outside, inside = net.external(), net.network()

    def gateway(as_: str = "member", **info: Any) -> Any:
        return cloud.post(f"{V2}/routers", as_=as_, json={"router": {"external_gateway_info": info}})

    net.refused(gateway(network_id=inside["id"]), 400, "BadRequest")
    net.refused(gateway(network_id="00000000-0000-4000-8000-000000000000"), 404, "NetworkNotFound")
    fixed = [{"subnet_id": outside["subnet"]["id"], "ip_address": "172.24.4.50"}]
    net.refused(gateway(network_id=outside["id"], external_fixed_ips=fixed), 403, "PolicyNotAuthorized")
    net.refused(gateway(network_id=outside["id"], enable_snat=False), 403, "PolicyNotAuthorized")
    made = gateway("admin", network_id=outside["id"], external_fixed_ips=fixed, enable_snat=False).json["router"]
    assert made["external_gateway_info"]["external_fixed_ips"] == fixed
    assert made["external_gateway_info"]["enable_snat"] is False
    fixed[0]["ip_address"] = "172.24.4.51"
    info = {"network_id": outside["id"], "external_fixed_ips": fixed}
    moved = net.set("routers", made["id"], as_="admin", external_gateway_info=info)
    assert moved["external_gateway_info"]["external_fixed_ips"] == fixed
    body = {"router": {"distributed": True}}
    net.refused(cloud.post(f"{V2}/routers", json=body), 403, "PolicyNotAuthorized")
    net.refused(cloud.post(f"{V2}/routers", as_="admin", json=body), 400, "InvalidInput")


def test_a_full_external_network(cloud: Any, net: Any) -> None:
    outside = net.external("172.24.4.0/30")
    info = {"network_id": outside["id"]}
    net.make("routers", external_gateway_info=info)
    refused = cloud.post(f"{V2}/routers", json={"router": {"external_gateway_info": info}})
    assert "No IPs available" in net.refused(refused, 400, "BadRequest")
    assert len(net.list("routers")) == 1


def test_interfaces_by_subnet(cloud: Any, net: Any) -> None:
    network, router = net.network(), net.make("routers")
    subnet = network["subnet"]["id"]
    added = plug(cloud, router["id"], subnet_id=subnet)
    assert added.status_code == 200 and added.json["subnet_id"] == subnet and added.json["subnet_ids"] == [subnet]
    port = net.show("ports", added.json["port_id"])
    assert port["device_owner"] == "network:router_interface" and port["device_id"] == router["id"]
    assert port["fixed_ips"] == [{"subnet_id": subnet, "ip_address": "10.0.0.1"}] and port["status"] == "ACTIVE"
    net.refused(plug(cloud, router["id"], subnet_id=subnet), 400, "BadRequest")
    net.refused(plug(cloud, net.make("routers")["id"], subnet_id=subnet), 409, "IpAddressAlreadyAllocated")
    net.refused(cloud.delete(f"{V2}/routers/{router['id']}"), 409, "RouterInUse")
    net.refused(cloud.delete(f"{V2}/ports/{port['id']}"), 409, "ServicePortInUse")
    net.refused(
        unplug(cloud, router["id"], subnet_id=subnet, port_id="00000000-0000-4000-8000-000000000000"),
        404,
        "RouterInterfaceNotFound",
    )
    assert unplug(cloud, router["id"], subnet_id=subnet).json["port_id"] == port["id"]
    net.refused(unplug(cloud, router["id"], subnet_id=subnet), 404, "RouterInterfaceNotFoundForSubnet")
    net.refused(cloud.get(f"{V2}/ports/{port['id']}"), 404, "PortNotFound")


def test_interfaces_by_port(cloud: Any, net: Any) -> None:
    network, router = net.network(), net.make("routers")
    port = net.make("ports", network_id=network["id"], fixed_ips=[{"ip_address": "10.0.0.9"}])
    added = plug(cloud, router["id"], port_id=port["id"])
    assert added.status_code == 200 and added.json["port_id"] == port["id"]
    assert net.show("ports", port["id"])["device_owner"] == "network:router_interface"
    net.refused(plug(cloud, net.make("routers")["id"], port_id=port["id"]), 409, "PortInUse")
    net.refused(
        unplug(cloud, router["id"], port_id=port["id"], subnet_id="00000000-0000-4000-8000-000000000000"),
        409,
        "SubnetMismatchForPort",
    )
    moved = net.set("ports", port["id"], fixed_ips=[{"subnet_id": network["subnet"]["id"], "ip_address": "10.0.0.10"}])
    assert moved["fixed_ips"][0]["ip_address"] == "10.0.0.10"
    assert unplug(cloud, router["id"], port_id=port["id"]).status_code == 200
    for body in (
        {},
        {"port_id": "00000000-0000-4000-8000-000000000000", "subnet_id": "00000000-0000-4000-8000-000000000000"},
    ):
        net.refused(plug(cloud, router["id"], **body), 400, "BadRequest")
    bare = net.make("ports", network_id=network["id"], fixed_ips=[])
    net.refused(plug(cloud, router["id"], port_id=bare["id"]), 400, "BadRequest")


def test_no_overlap_on_a_router(cloud: Any, net: Any) -> None:
    router = net.make("routers")
    one, two = net.network("10.0.0.0/24"), net.network("10.0.0.0/16")
    assert plug(cloud, router["id"], subnet_id=one["subnet"]["id"]).status_code == 200
    message = net.refused(plug(cloud, router["id"], subnet_id=two["subnet"]["id"]), 400, "BadRequest")
    assert "overlaps" in message
    outside = net.external("10.0.0.0/20")
    body = {"router": {"external_gateway_info": {"network_id": outside["id"]}}}
    assert "overlaps" in net.refused(cloud.put(f"{V2}/routers/{router['id']}", json=body), 400, "BadRequest")
    no_gateway = net.network(cidr=None)
    subnet = net.make("subnets", network_id=no_gateway["id"], ip_version=4, cidr="10.9.0.0/24", gateway_ip=None)
    net.refused(plug(cloud, router["id"], subnet_id=subnet["id"]), 400, "BadRequest")


def test_ipv6_prefixes_of_a_network_share_a_port(cloud: Any, net: Any) -> None:
    network, router = net.network("fd00::/64"), net.make("routers")
    second = net.make("subnets", network_id=network["id"], ip_version=6, cidr="fd01::/64")
    one = plug(cloud, router["id"], subnet_id=network["subnet"]["id"]).json
    two = plug(cloud, router["id"], subnet_id=second["id"]).json
    assert one["port_id"] == two["port_id"] and two["subnet_ids"] == [second["id"]]
    assert unplug(cloud, router["id"], subnet_id=network["subnet"]["id"]).status_code == 200
    assert [f["subnet_id"] for f in net.show("ports", one["port_id"])["fixed_ips"]] == [second["id"]]
    assert unplug(cloud, router["id"], subnet_id=second["id"]).status_code == 200
    net.refused(cloud.get(f"{V2}/ports/{one['port_id']}"), 404, "PortNotFound")


def test_routes(cloud: Any, net: Any) -> None:
    network, router = net.network(), net.make("routers")
    path = f"{V2}/routers/{router['id']}"
    plug(cloud, router["id"], subnet_id=network["subnet"]["id"])
    route = {"destination": "10.5.0.0/16", "nexthop": "10.0.0.9"}
    assert net.set("routers", router["id"], routes=[route])["routes"] == [route]
    for bad in (
        {"destination": "10.5.0.0/16", "nexthop": "10.8.0.9"}, {"destination": "x", "nexthop": "10.0.0.9"},
        {"destination": "10.5.0.0/16", "nexthop": "10.0.0.1"}, {"destination": "fd00::/64", "nexthop": "10.0.0.9"},
    ):  # fmt: skip
        net.refused(cloud.put(path, json={"router": {"routes": [bad]}}), 400, "InvalidRoutes")
    more = {"destination": "10.6.0.0/16", "nexthop": "10.0.0.9"}
    added = cloud.put(f"{path}/add_extraroutes", json={"router": {"routes": [more, route]}})
    assert added.json["router"]["routes"] == [route, more]
    refused = unplug(cloud, router["id"], subnet_id=network["subnet"]["id"])
    net.refused(refused, 409, "RouterInterfaceInUseByRoute")
    removed = cloud.put(f"{path}/remove_extraroutes", json={"router": {"routes": [route]}})
    assert removed.json["router"]["routes"] == [more]
    assert net.set("routers", router["id"], routes=None)["routes"] == []
    assert unplug(cloud, router["id"], subnet_id=network["subnet"]["id"]).status_code == 200
    thirty_one = [{"destination": f"10.{n}.0.0/16", "nexthop": "10.0.0.9"} for n in range(31)]
    net.refused(cloud.put(path, json={"router": {"routes": thirty_one}}), 400, "RoutesExhausted")


def test_routers_of_others(cloud: Any, net: Any) -> None:
    shared, router = net.network(as_="admin", shared=True), net.make("routers", as_="other")
    body = {"subnet_id": shared["subnet"]["id"]}
    refused = cloud.put(f"{V2}/routers/{router['id']}/add_router_interface", as_="other", json=body)
    net.refused(refused, 400, "BadRequest")
    net.refused(cloud.get(f"{V2}/routers/{router['id']}"), 404, "RouterNotFound")
    assert net.list("routers") == []


def test_quota(cloud: Any, net: Any) -> None:
    cloud.put(f"{V2}/quotas/{'1' * 32}", as_="admin", json={"quota": {"router": 0}})
    net.refused(cloud.post(f"{V2}/routers", json={"router": {}}), 409, "OverQuota")
