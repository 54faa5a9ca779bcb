"""Addresses are returned as written, compared by meaning, and found by any spelling."""

from typing import Any

from kumoi.services.network.networks.reconcilers import network as network_reconciler
from kumoi.services.network.ports.reconcilers import port as port_reconciler
from kumoi.services.network.routers.reconcilers import router as router_reconciler

V2 = "/network/v2.0"


def test_allowed_address_pairs(cloud: Any, net: Any) -> None:
    network = net.network()
    pairs = [
        {"ip_address": "10.1.1.5/24", "mac_address": "FA-16-3E-00-00-0A"},
        {"ip_address": "2001:DB8:0:0::1", "mac_address": "fa:16:3e:00:00:0b"},
    ]
    port = net.make("ports", network_id=network["id"])
    assert net.set("ports", port["id"], allowed_address_pairs=pairs)["allowed_address_pairs"] == pairs
    revision = net.show("ports", port["id"])["revision_number"]
    assert net.set("ports", port["id"], allowed_address_pairs=pairs)["revision_number"] == revision
    spec = cloud.database.read(lambda tx: port_reconciler.desired(tx, [port["id"]]))[port["id"]]
    assert [(pair.address, pair.mac) for pair in spec.address_pairs] == [
        ("10.1.1.0/24", "fa:16:3e:00:00:0a"), ("2001:db8::1", "fa:16:3e:00:00:0b"),
    ]  # fmt: skip
    twice = {"port": {"allowed_address_pairs": [pairs[0], {**pairs[0], "ip_address": "10.1.1.0/24"}]}}
    net.refused(cloud.put(f"{V2}/ports/{port['id']}", json=twice), 400, "InvalidInput")


def test_host_routes_and_nameservers(cloud: Any, net: Any) -> None:
    network = net.network(cidr=None)
    routes = [{"destination": "10.60.0.5/24", "nexthop": "10.0.0.9"}]
    subnet = net.make(
        "subnets", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24", host_routes=routes,
        dns_nameservers=["2001:DB8::53"],
    )  # fmt: skip
    assert subnet["host_routes"] == routes and subnet["dns_nameservers"] == ["2001:DB8::53"]
    spec = cloud.database.read(lambda tx: network_reconciler.desired(tx, [network["id"]]))[network["id"]]
    assert spec.subnets[0].host_routes[0].destination == "10.60.0.0/24"
    assert spec.subnets[0].dns_servers == ["2001:db8::53"]
    twice = {"subnet": {"host_routes": [*routes, {**routes[0], "destination": "10.60.0.0/24"}]}}
    net.refused(cloud.put(f"{V2}/subnets/{subnet['id']}", json=twice), 400, "InvalidInput")
    same = {"subnet": {"dns_nameservers": ["2001:DB8::53", "2001:db8::53"]}}
    net.refused(cloud.put(f"{V2}/subnets/{subnet['id']}", json=same), 400, "InvalidInput")


def test_routes_of_routers(cloud: Any, net: Any) -> None:
    network, router = net.network(), net.make("routers")
    cloud.put(f"{V2}/routers/{router['id']}/add_router_interface", json={"subnet_id": network["subnet"]["id"]})
    route = {"destination": "10.71.0.5/24", "nexthop": "10.0.0.9"}
    assert net.set("routers", router["id"], routes=[route])["routes"] == [route]
    spec = cloud.database.read(lambda tx: router_reconciler.desired(tx, [router["id"]]))[router["id"]]
    assert spec.routes[0].destination == "10.71.0.0/24"
    twice = {"router": {"routes": [route, {**route, "destination": "10.71.0.0/24"}]}}
    net.refused(cloud.put(f"{V2}/routers/{router['id']}", json=twice), 400, "InvalidRoutes")
    path = f"{V2}/routers/{router['id']}"
    again = {"router": {"routes": [{**route, "destination": "10.71.0.0/24"}]}}
    assert cloud.put(f"{path}/add_extraroutes", json=again).json["router"]["routes"] == [route]
    assert cloud.put(f"{path}/remove_extraroutes", json={"router": {"routes": [route]}}).json["router"]["routes"] == []
    net.set("routers", router["id"], routes=[route])
    assert cloud.put(f"{path}/remove_extraroutes", json=again).json["router"]["routes"] == []


def test_filters_take_any_spelling(cloud: Any, net: Any) -> None:
    network = net.network(cidr="2001:DB8:1::/64")
    subnet = network["subnet"]
    assert [one["id"] for one in net.list("subnets", cidr="2001:DB8:1::/64")] == [subnet["id"]]
    assert [one["id"] for one in net.list("subnets", cidr="2001:db8:1:0::/64")] == [subnet["id"]]
    assert [one["id"] for one in net.list("subnets", gateway_ip="2001:DB8:1:0::1")] == [subnet["id"]]
    wish = [{"subnet_id": subnet["id"], "ip_address": "2001:DB8:1::abc"}]
    port = net.make("ports", network_id=network["id"], fixed_ips=wish, mac_address="FA:16:3E:00:00:AB")
    for mac in ("FA:16:3E:00:00:AB", "fa-16-3e-00-00-ab", "fa:16:3e:00:00:ab"):
        assert [one["id"] for one in net.list("ports", mac_address=mac)] == [port["id"]]
    for kind, text in (("ip_address", "2001:DB8:1:0::0ABC"), ("ip_address_substr", "2001:DB8:1::AB")):
        assert port["id"] in [one["id"] for one in net.list("ports", fixed_ips=f"{kind}={text}")]
    assert net.list("ports", mac_address="nonsense") == [] and net.list("subnets", cidr="nonsense") == []


def test_filters_of_rules_take_any_spelling(cloud: Any, net: Any) -> None:
    group = net.make("security-groups", name="g")
    fields: dict[str, Any] = {"security_group_id": group["id"], "direction": "ingress"}
    six = net.make("security-group-rules", **fields, ethertype="ipv6", remote_ip_prefix="2001:DB8::5/32")
    four = net.make("security-group-rules", **fields, protocol="TCP", remote_ip_prefix="0.0.0.0/0")
    free = net.make("security-group-rules", **fields, protocol="udp")
    assert six["remote_ip_prefix"] == "2001:DB8::5/32"

    def found(**params: str) -> set[str]:
        mine = {six["id"], four["id"], free["id"]}
        return mine & {one["id"] for one in net.list("security-group-rules", direction="INGRESS", **params)}

    assert found(ethertype="ipv6") == found(ethertype="IPV6") == {six["id"]}
    assert found(protocol="TCP") == {four["id"]}
    assert found(remote_ip_prefix="2001:DB8::5/32") == found(remote_ip_prefix="2001:db8::/32") == {six["id"]}
    assert found(remote_ip_prefix="0.0.0.0/0") == {four["id"]}
    assert found(remote_ip_prefix="nonsense") == set()


def test_host_bits_of_a_subnet_are_taken_off(cloud: Any, net: Any) -> None:
    network = net.network(cidr=None)
    for asked, stored, version in (("10.99.99.0/16", "10.99.0.0/16", 4), ("2001:DB8::5/64", "2001:db8::/64", 6)):
        made = net.make("subnets", network_id=network["id"], ip_version=version, cidr=asked)
        assert made["cidr"] == stored
        assert [one["id"] for one in net.list("subnets", cidr=asked)] == [made["id"]]
    pool = net.make("subnetpools", name="p", prefixes=["10.50.0.0/16"])
    cut = net.make("subnets", network_id=network["id"], ip_version=4, subnetpool_id=pool["id"], cidr="10.50.1.7/24")
    assert cut["cidr"] == "10.50.1.0/24"


def test_fixed_ips_of_null_are_refused(cloud: Any, net: Any) -> None:
    network = net.network()
    port = net.make("ports", network_id=network["id"])
    path = f"{V2}/ports/{port['id']}"
    assert "fixed_ips" in net.refused(cloud.put(path, json={"port": {"fixed_ips": None}}), 400, "HTTPBadRequest")
    assert net.show("ports", port["id"])["fixed_ips"] == port["fixed_ips"]
    body = {"port": {"network_id": network["id"], "fixed_ips": None}}
    net.refused(cloud.post(f"{V2}/ports", json=body), 400, "HTTPBadRequest")
    assert net.set("ports", port["id"], fixed_ips=[])["fixed_ips"] == []


def _gateway(cloud: Any, router_id: str) -> Any:
    return cloud.database.read(lambda tx: router_reconciler.desired(tx, [router_id]))[router_id].gateway


def test_a_gateway_waits_for_the_external_network_to_have_a_subnet(cloud: Any, net: Any) -> None:
    outside = net.network(cidr=None, as_="admin", name="public", **{"router:external": True})
    made = net.make("routers", external_gateway_info={"network_id": outside["id"]})
    assert made["external_gateway_info"]["external_fixed_ips"] == []
    inside = net.network()
    other = net.make("routers", external_gateway_info={"network_id": outside["id"]})
    plugged = {"subnet_id": inside["subnet"]["id"]}
    assert cloud.put(f"{V2}/routers/{other['id']}/add_router_interface", json=plugged).status_code == 200
    cloud.settle()
    assert _gateway(cloud, made["id"]) is None
    assert cloud.audit() == []
    fields: dict[str, Any] = {"network_id": outside["id"], "ip_version": 4, "enable_dhcp": False}
    overlapping = net.make("subnets", as_="admin", **fields, cidr="10.0.0.0/16")
    (given,) = net.show("routers", made["id"])["external_gateway_info"]["external_fixed_ips"]
    assert given["subnet_id"] == overlapping["id"]
    assert net.show("routers", other["id"])["external_gateway_info"]["external_fixed_ips"] == []
    second = net.make("subnets", as_="admin", **fields, cidr="172.24.4.0/24")
    (given,) = net.show("routers", other["id"])["external_gateway_info"]["external_fixed_ips"]
    assert given["subnet_id"] == second["id"]
    assert len(net.show("routers", made["id"])["external_gateway_info"]["external_fixed_ips"]) == 1
    cloud.settle()
    assert _gateway(cloud, other["id"]).addresses == [f"{given['ip_address']}/24"]
    assert cloud.audit() == []
