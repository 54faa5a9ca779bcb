"""Subnet pools, and subnets cut from them."""

from typing import Any

import pytest

V2 = "/network/v2.0"


def test_a_pool_lives_and_dies(cloud: Any, net: Any) -> None:
    made = net.make("subnetpools", name="p", prefixes=["10.11.0.0/16", "10.10.0.0/16"], min_prefixlen="24", tags=["t"])
    assert made["prefixes"] == ["10.10.0.0/15"] and made["ip_version"] == 4
    assert (made["min_prefixlen"], made["default_prefixlen"], made["max_prefixlen"]) == ("24", "24", "32")
    changed = net.set("subnetpools", made["id"], name="q", prefixes=["10.8.0.0/14"], max_prefixlen=28)
    assert changed["name"] == "q" and changed["prefixes"] == ["10.8.0.0/14"] and changed["max_prefixlen"] == "28"
    path = f"{V2}/subnetpools/{made['id']}"
    net.refused(
        cloud.put(path, json={"subnetpool": {"prefixes": ["10.10.0.0/24"]}}), 400, "IllegalSubnetPoolPrefixUpdate"
    )
    assert net.list("subnetpools", name="q")[0]["tags"] == ["t"]
    assert net.list("subnetpools", as_="other") == []
    net.refused(cloud.get(path, as_="other"), 404, "SubnetPoolNotFound")
    net.drop("subnetpools", made["id"])
    net.refused(cloud.get(path), 404, "SubnetPoolNotFound")


def test_subnets_are_cut_without_overlap(cloud: Any, net: Any) -> None:
    pool = net.make("subnetpools", name="p", prefixes=["10.10.0.0/24"], min_prefixlen=25, default_prefixlen=26)

    def subnet(**fields: Any) -> Any:
        network = net.network(cidr=None)
        body = {"network_id": network["id"], "ip_version": 4, "subnetpool_id": pool["id"], **fields}
        return cloud.post(f"{V2}/subnets", json={"subnet": body})

    assert subnet(cidr="10.10.0.64/26").json["subnet"]["cidr"] == "10.10.0.64/26"
    assert subnet().json["subnet"]["cidr"] == "10.10.0.0/26"
    assert subnet(prefixlen=25).json["subnet"]["cidr"] == "10.10.0.128/25"
    net.refused(subnet(), 400, "SubnetAllocationError")
    net.refused(subnet(cidr="10.10.0.0/27"), 400, "SubnetAllocationError")
    net.refused(subnet(cidr="10.20.0.0/26"), 400, "SubnetAllocationError")
    net.refused(subnet(prefixlen=24), 400, "MinPrefixSubnetAllocationError")
    net.refused(subnet(ip_version=6), 400, "InvalidInput")
    net.refused(subnet(subnetpool_id="00000000-0000-4000-8000-000000000000"), 404, "SubnetPoolNotFound")
    net.refused(cloud.delete(f"{V2}/subnetpools/{pool['id']}"), 400, "SubnetPoolDeleteError")
    gone = net.list("subnets", cidr="10.10.0.0/26")[0]
    net.drop("subnets", gone["id"])
    assert subnet().json["subnet"]["cidr"] == "10.10.0.0/26"


def test_the_default_pool_and_a_quota(cloud: Any, net: Any) -> None:
    network = net.network(cidr=None)
    body = {"network_id": network["id"], "ip_version": 6, "use_default_subnetpool": True}
    net.refused(cloud.post(f"{V2}/subnets", json={"subnet": body}), 400, "InvalidInput")
    net.refused(
        cloud.post(f"{V2}/subnetpools", json={"subnetpool": {"prefixes": ["fd00::/48"], "is_default": True}}),
        403, "PolicyNotAuthorized",
    )  # fmt: skip
    net.make("subnetpools", as_="admin", prefixes=["fd00::/48"], is_default=True, shared=True, default_quota=2)
    made = cloud.post(f"{V2}/subnets", as_="member", json={"subnet": body}).json["subnet"]
    assert made["cidr"] == "fd00::/64"
    assert net.make("subnets", **body)["cidr"] == "fd00:0:0:1::/64"
    net.refused(cloud.post(f"{V2}/subnets", json={"subnet": body}), 409, "SubnetPoolQuotaExceeded")
    second = {"subnetpool": {"prefixes": ["fd01::/48"], "is_default": True}}
    net.refused(cloud.post(f"{V2}/subnetpools", as_="admin", json=second), 400, "InvalidInput")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"prefixes": []}, "EmptySubnetPoolPrefixList"),
        ({"prefixes": ["10.0.0.0/8", "fd00::/48"]}, "PrefixVersionMismatch"),
        ({"prefixes": ["nonsense"]}, "InvalidInput"),
        ({"prefixes": ["10.0.0.0/8"], "min_prefixlen": 28, "max_prefixlen": 24}, "IllegalSubnetPoolPrefixBounds"),
        ({"prefixes": ["10.0.0.0/8"], "default_prefixlen": 4}, "IllegalSubnetPoolPrefixBounds"),
        ({"prefixes": ["10.0.0.0/8"], "max_prefixlen": 33}, "InvalidInput"),
        ({"prefixes": ["10.0.0.0/8"], "address_scope_id": "x"}, "HTTPBadRequest"),
    ],
)
def test_bad_input(cloud: Any, net: Any, fields: dict[str, Any], kind: str) -> None:
    net.refused(cloud.post(f"{V2}/subnetpools", json={"subnetpool": fields}), 400, kind)
