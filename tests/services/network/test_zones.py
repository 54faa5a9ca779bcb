"""Addresses with a zone (`fd00::5%eth0`), which Python accepts, are refused."""

from typing import Any

import pytest

V2 = "/network/v2.0"
MINE = "fd00::5%x"
SUBNET = {"ip_version": 6, "cidr": "fd02::/64"}

REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("ports", {"fixed_ips": [{"ip_address": MINE}]}),
    ("ports", {"allowed_address_pairs": [{"ip_address": "fd00::9%x 10.0.0.0"}]}),
    ("ports", {"mac_address": "fa:16:3e:00:00:01\n"}),
    ("ports", {"dns_name": "host\n"}),
    ("subnets", {**SUBNET, "cidr": "fd02::%x/64"}),
    ("subnets", {**SUBNET, "gateway_ip": "fd02::1%x"}),
    ("subnets", {**SUBNET, "dns_nameservers": ["fd02::53%x"]}),
    ("subnets", {**SUBNET, "allocation_pools": [{"start": "fd02::2%x", "end": "fd02::9"}]}),
    ("subnets", {**SUBNET, "host_routes": [{"destination": "fd09::%x/64", "nexthop": "fd02::7"}]}),
    ("subnets", {**SUBNET, "host_routes": [{"destination": "fd09::/64", "nexthop": "fd02::7%x"}]}),
]


@pytest.mark.parametrize(
    ("collection", "fields"), REFUSED, ids=[f"{one}-{next(reversed(two))}" for one, two in REFUSED]
)
def test_what_is_no_address_is_refused(cloud: Any, net: Any, collection: str, fields: dict[str, Any]) -> None:
    network = net.network("fd00::/64")
    asked = {collection.removesuffix("s"): {"network_id": network["id"], **fields}}
    refused = cloud.post(f"{V2}/{collection}", json=asked)
    assert refused.status_code == 400, refused.text
    assert next(reversed(fields)) in refused.json["NeutronError"]["message"]


def test_no_port_has_the_address_of_another_in_another_spelling(cloud: Any, net: Any) -> None:
    network = net.network("fd00::/64")
    net.make("ports", network_id=network["id"], fixed_ips=[{"ip_address": "fd00::5"}])
    port = net.make("ports", network_id=network["id"])
    for text in (MINE, "fd00:0::5"):
        asked = {"port": {"fixed_ips": [{"ip_address": text}]}}
        assert cloud.put(f"{V2}/ports/{port['id']}", json=asked).status_code in (400, 409)


def test_rules_routes_and_pools_have_no_zones(cloud: Any, net: Any) -> None:
    network = net.network("fd00::/64")
    group, router = net.make("security-groups", name="s"), net.make("routers", name="r")
    rule = {"security_group_id": group["id"], "direction": "ingress", "ethertype": "IPv6"}
    asked = {"security_group_rule": {**rule, "remote_ip_prefix": "fd00::%x || ip4/64"}}
    net.refused(cloud.post(f"{V2}/security-group-rules", json=asked), 400, "InvalidInput")
    asked = {"security_group_rule": {**rule, "protocol": "\u0666"}}
    net.refused(cloud.post(f"{V2}/security-group-rules", json=asked), 400, "SecurityGroupRuleInvalidProtocol")
    asked = {"subnetpool": {"name": "p", "prefixes": ["fd03::%x/48"]}}
    net.refused(cloud.post(f"{V2}/subnetpools", json=asked), 400, "InvalidInput")
    there = {"subnet_id": network["subnet"]["id"]}
    assert cloud.put(f"{V2}/routers/{router['id']}/add_router_interface", json=there).status_code == 200
    for route in (("fd08::%x/64", "fd00::7"), ("fd08::/64", "fd00::7%x")):
        asked = {"router": {"routes": [{"destination": route[0], "nexthop": route[1]}]}}
        net.refused(cloud.put(f"{V2}/routers/{router['id']}", json=asked), 400, "InvalidRoutes")
