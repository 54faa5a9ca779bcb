"""Subnets as clients see them."""

from typing import Any

import pytest

V2 = "/network/v2.0"


def test_a_subnet_lives_and_dies(cloud: Any, net: Any) -> None:
    network = net.network(cidr=None)
    made = net.make("subnets", network_id=network["id"], ip_version="4", cidr="10.0.0.0/24", name="s")
    assert made["gateway_ip"] == "10.0.0.1"
    assert made["allocation_pools"] == [{"start": "10.0.0.2", "end": "10.0.0.254"}]
    assert made["enable_dhcp"] is True and made["ip_version"] == 4 and made["shared"] is False
    assert net.show("networks", network["id"])["subnets"] == [made["id"]]
    changed = net.set(
        "subnets", made["id"], name="t", dns_nameservers=["1.1.1.1", "8.8.8.8"], gateway_ip=None,
        host_routes=[{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}],
    )  # fmt: skip
    assert changed["dns_nameservers"] == ["1.1.1.1", "8.8.8.8"] and changed["gateway_ip"] is None
    assert changed["host_routes"] == [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}]
    assert net.set("subnets", made["id"], dns_nameservers=None)["dns_nameservers"] == []
    net.drop("subnets", made["id"])
    net.refused(cloud.get(f"{V2}/subnets/{made['id']}"), 404, "SubnetNotFound")


def test_pools_leave_the_gateway_out(net: Any) -> None:
    network = net.network(cidr=None)
    made = net.make("subnets", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24", gateway_ip="10.0.0.100")
    assert made["allocation_pools"] == [
        {"start": "10.0.0.1", "end": "10.0.0.99"},
        {"start": "10.0.0.101", "end": "10.0.0.254"},
    ]
    six = net.make("subnets", network_id=network["id"], ip_version=6, cidr="fd00:0:0:1::/64")
    assert six["gateway_ip"] == "fd00:0:0:1::1"
    assert six["allocation_pools"] == [{"start": "fd00:0:0:1::2", "end": "fd00::1:ffff:ffff:ffff:ffff"}]


@pytest.mark.parametrize(
    ("fields", "status", "kind", "word"),
    [
        ({"cidr": "10.0.0.5"}, 400, "InvalidInput", "cidr"),
        ({"cidr": "10.0.0"}, 400, "InvalidInput", "cidr"),
        ({"cidr": "fd00::/64"}, 400, "InvalidInput", "ip_version"),
        ({"cidr": None}, 400, "InvalidInput", "cidr"),
        ({"cidr": "0.0.0.0/0"}, 400, "InvalidInput", "cidr"),
        ({"cidr": "224.0.0.0/24"}, 400, "InvalidInput", "multicast"),
        ({"cidr": "10.1.0.0/31"}, 400, "InvalidInput", "enable_dhcp"),
        ({"ip_version": 5}, 400, "HTTPBadRequest", "ip_version"),
        ({"gateway_ip": "10.2.0.1"}, 400, "InvalidInput", "gateway_ip"),
        ({"gateway_ip": "10.1.0.255"}, 400, "InvalidInput", "gateway_ip"),
        ({"gateway_ip": "nonsense"}, 400, "InvalidInput", "gateway_ip"),
        ({"dns_nameservers": ["nonsense"]}, 400, "InvalidInput", "dns_nameservers"),
        ({"dns_nameservers": ["1.1.1.1", "1.1.1.1"]}, 400, "InvalidInput", "dns_nameservers"),
        ({"host_routes": [{"destination": "x", "nexthop": "10.1.0.2"}]}, 400, "InvalidInput", "host_routes"),
        ({"host_routes": [{"destination": "10.8.0.0/16"}]}, 400, "HTTPBadRequest", "nexthop"),
        ({"ipv6_ra_mode": "slaac"}, 400, "InvalidInput", "ipv6_ra_mode"),
        ({"allocation_pools": [{"start": "10.1.0.9", "end": "10.1.0.5"}]}, 400, "InvalidAllocationPool", "10.1.0.9"),
        ({"allocation_pools": [{"start": "10.1.0.9", "end": "10.2.0.5"}]}, 400, "OutOfBoundsAllocationPool", "10.2.0.5"),
        (
            {"allocation_pools": [{"start": "10.1.0.5", "end": "10.1.0.9"}, {"start": "10.1.0.9", "end": "10.1.0.10"}]},
            409, "OverlappingAllocationPools", "10.1.0.9",
        ),
        (
            {"allocation_pools": [{"start": "10.1.0.1", "end": "10.1.0.9"}]},
            409, "GatewayConflictWithAllocationPools", "10.1.0.1",
        ),
        ({"service_types": ["nonsense"]}, 400, "InvalidInput", "service_types"),
        ({"nonsense": 1}, 400, "HTTPBadRequest", "nonsense"),
    ],
)  # fmt: skip
def test_bad_input(cloud: Any, net: Any, fields: dict[str, Any], status: int, kind: str, word: str) -> None:
    network = net.network(cidr=None)
    body = {"network_id": network["id"], "ip_version": 4, "cidr": "10.1.0.0/24", **fields}
    assert word in net.refused(cloud.post(f"{V2}/subnets", json={"subnet": body}), status, kind)
    assert net.list("subnets") == []


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"ipv6_ra_mode": "slaac", "ipv6_address_mode": "dhcpv6-stateful"}, "ipv6_ra_mode"),
        ({"ipv6_ra_mode": "slaac", "enable_dhcp": False}, "enable_dhcp"),
        ({"ipv6_address_mode": "slaac", "cidr": "fd00::/80"}, "cidr"),
    ],
)
def test_bad_modes(cloud: Any, net: Any, fields: dict[str, Any], word: str) -> None:
    network = net.network(cidr=None)
    body = {"network_id": network["id"], "ip_version": 6, "cidr": "fd00::/64", **fields}
    assert word in net.refused(cloud.post(f"{V2}/subnets", json={"subnet": body}), 400, "InvalidInput")


def test_no_overlap_within_a_network(cloud: Any, net: Any) -> None:
    network, other = net.network("10.0.0.0/24"), net.network("10.0.0.0/16")
    body = {"network_id": network["id"], "ip_version": 4, "cidr": "10.0.0.128/25"}
    assert "overlaps" in net.refused(cloud.post(f"{V2}/subnets", json={"subnet": body}), 400, "InvalidInput")
    assert other["subnet"]["cidr"] == "10.0.0.0/16"


def test_in_use(cloud: Any, net: Any) -> None:
    network = net.network()
    port = net.make("ports", network_id=network["id"])
    path = f"{V2}/subnets/{network['subnet']['id']}"
    net.refused(cloud.delete(path), 409, "SubnetInUse")
    net.drop("ports", port["id"])
    assert cloud.delete(path).status_code == 204
    assert net.list("ports") == []


def test_automatic_addresses_come_and_go_with_the_subnet(net: Any) -> None:
    network = net.network()
    port = net.make("ports", network_id=network["id"], mac_address="fa:16:3e:00:00:01")
    six = net.make(
        "subnets", network_id=network["id"], ip_version=6, cidr="fd00::/64", ipv6_ra_mode="slaac",
        ipv6_address_mode="slaac",
    )  # fmt: skip
    fixed = {one["subnet_id"]: one["ip_address"] for one in net.show("ports", port["id"])["fixed_ips"]}
    assert fixed[six["id"]] == "fd00::f816:3eff:fe00:1"
    net.drop("subnets", six["id"])
    assert [one["subnet_id"] for one in net.show("ports", port["id"])["fixed_ips"]] == [network["subnet"]["id"]]


def test_the_gateway_of_a_router_stays(cloud: Any, net: Any) -> None:
    network = net.network()
    router = net.make("routers")
    body = {"subnet_id": network["subnet"]["id"]}
    assert cloud.put(f"{V2}/routers/{router['id']}/add_router_interface", json=body).status_code == 200
    path = f"{V2}/subnets/{network['subnet']['id']}"
    net.refused(cloud.put(path, json={"subnet": {"gateway_ip": "10.0.0.9"}}), 409, "GatewayIpInUse")
    net.refused(cloud.delete(path), 409, "SubnetInUse")


def test_metadata_has_an_address_in_each_subnet_with_dhcp(net: Any) -> None:
    network = net.network()
    second = net.make("subnets", network_id=network["id"], ip_version=4, cidr="10.5.0.0/24")
    net.make("subnets", network_id=network["id"], ip_version=4, cidr="10.6.0.0/24", enable_dhcp=False)
    (port,) = net.list("ports", device_owner="network:distributed")
    assert {one["subnet_id"] for one in port["fixed_ips"]} == {network["subnet"]["id"], second["id"]}
    net.set("subnets", second["id"], enable_dhcp=False)
    (port,) = net.list("ports", device_owner="network:distributed")
    assert {one["subnet_id"] for one in port["fixed_ips"]} == {network["subnet"]["id"]}
    net.set("subnets", network["subnet"]["id"], enable_dhcp=False)
    assert net.list("ports", device_owner="network:distributed") == []


def test_metadata_of_a_network_without_ipv4_needs_no_address(net: Any) -> None:
    network = net.network(cidr=None)
    six = net.make("subnets", network_id=network["id"], ip_version=6, cidr="fd00::/64")
    (port,) = net.list("ports", device_owner="network:distributed")
    assert port["fixed_ips"] == [] and port["network_id"] == network["id"]
    four = net.make("subnets", network_id=network["id"], ip_version=4, cidr="10.5.0.0/24")
    (port,) = net.list("ports", device_owner="network:distributed")
    assert [one["subnet_id"] for one in port["fixed_ips"]] == [four["id"]]
    net.drop("subnets", four["id"])
    (port,) = net.list("ports", device_owner="network:distributed")
    assert port["fixed_ips"] == []
    net.set("subnets", six["id"], enable_dhcp=False)
    assert net.list("ports", device_owner="network:distributed") == []


def test_on_networks_of_others(cloud: Any, net: Any) -> None:
    own = net.network(cidr=None)
    shared = net.network(cidr=None, as_="admin", shared=True)
    body = {"network_id": own["id"], "ip_version": 4, "cidr": "10.0.0.0/24"}
    net.refused(cloud.post(f"{V2}/subnets", as_="other", json={"subnet": body}), 404, "NetworkNotFound")
    body["network_id"] = shared["id"]
    net.refused(cloud.post(f"{V2}/subnets", as_="other", json={"subnet": body}), 403, "PolicyNotAuthorized")


def test_filters(net: Any) -> None:
    one, two = net.network("10.0.0.0/24"), net.network("fd00::/64")
    assert [s["id"] for s in net.list("subnets", ip_version=6)] == [two["subnet"]["id"]]
    assert [s["id"] for s in net.list("subnets", cidr="10.0.0.0/24", network_id=one["id"])] == [one["subnet"]["id"]]
    assert net.list("subnets", gateway_ip="10.0.0.9", shared="True") == []
