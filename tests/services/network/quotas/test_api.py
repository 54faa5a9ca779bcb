"""Quotas, extensions, zones, agents and the availability of addresses."""

from datetime import datetime
from typing import Any

from kumoi.services.network.service import SERVICE

V2 = "/network/v2.0"
MINE = "1" * 32


def test_quotas(cloud: Any, net: Any) -> None:
    shown = cloud.get(f"{V2}/quotas/{MINE}").json["quota"]
    assert shown == {
        "network": 100, "subnet": 100, "port": 500, "router": 10, "floatingip": 50, "security_group": 10,
        "security_group_rule": 100, "subnetpool": -1, "rbac_policy": 10,
    }  # fmt: skip
    net.refused(cloud.get(f"{V2}/quotas/{'2' * 32}"), 403, "PolicyNotAuthorized")
    assert cloud.put(f"{V2}/quotas/{MINE}", json={"quota": {"port": 1}}).status_code == 403
    changed = cloud.put(f"{V2}/quotas/{MINE}", as_="admin", json={"quota": {"port": "7", "network": -1}}).json["quota"]
    assert changed["port"] == 7 and changed["network"] == -1 and changed["router"] == 10
    assert cloud.get(f"{V2}/quotas/{MINE}/default").json["quota"]["port"] == 500
    kept = cloud.put(f"{V2}/quotas/{MINE}", as_="admin", json={"quota": {"rbac_policy": 8}}).json["quota"]
    assert kept["rbac_policy"] == 8
    net.network()
    details = cloud.get(f"{V2}/quotas/{MINE}/details").json["quota"]
    assert details["port"] == {"limit": 7, "used": 1, "reserved": 0}
    assert details["rbac_policy"] == {"limit": 8, "used": 0, "reserved": 0}
    (listed,) = cloud.get(f"{V2}/quotas", as_="admin").json["quotas"]
    assert listed["project_id"] == MINE and listed["port"] == 7
    for bad in ({"port": -2}, {"port": "x"}, {"nonsense": 1}, {"port": True}, {"port": 1 << 40}):
        refused = cloud.put(f"{V2}/quotas/{MINE}", as_="admin", json={"quota": bad})
        assert next(iter(bad)) in net.refused(refused, 400, "HTTPBadRequest")
    assert cloud.delete(f"{V2}/quotas/{MINE}", as_="admin").status_code == 204
    net.refused(cloud.delete(f"{V2}/quotas/{MINE}", as_="admin"), 404, "TenantQuotaNotFound")
    assert cloud.get(f"{V2}/quotas/{MINE}").json["quota"]["port"] == 500


def test_extensions_are_what_is_built(cloud: Any) -> None:
    every = cloud.get(f"{V2}/extensions").json["extensions"]
    aliases = {one["alias"] for one in every}
    assert {"router", "security-group", "standard-attr-tag", "binding"} <= aliases
    assert not aliases & {"qos", "trunk", "rbac-policies", "address-group", "dvr", "l3-ha"}
    assert cloud.get(f"{V2}/extensions/router").json["extension"]["alias"] == "router"
    outside = cloud.get(f"{V2}/extensions/external-net").json["extension"]
    assert outside["name"] == "Neutron external network"
    assert outside["description"] == "Adds external network attribute to network resource."
    tags = cloud.get(f"{V2}/extensions/standard-attr-tag").json["extension"]["name"]
    assert tags.startswith("Tag support for resources with standard attribute: ")
    assert cloud.get(f"{V2}/extensions/qos").status_code == 404
    paths = {route.path for route in SERVICE.each()}
    for alias, path in (("quotas", "/quotas"), ("agent", "/agents"), ("availability_zone", "/availability_zones")):
        assert alias in aliases and path in paths


def test_zones_and_agents(cloud: Any, net: Any) -> None:
    zones = cloud.get(f"{V2}/availability_zones").json["availability_zones"]
    assert {(zone["name"], zone["resource"]) for zone in zones} == {("nova", "network"), ("nova", "router")}
    (agent,) = cloud.get(f"{V2}/agents", as_="admin").json["agents"]
    assert agent["host"] == "host-1" and agent["alive"] is True
    for moment in ("created_at", "started_at", "heartbeat_timestamp"):
        assert datetime.strptime(agent[moment], "%Y-%m-%d %H:%M:%S")
    assert cloud.get(f"{V2}/agents/{agent['id']}", as_="admin").json["agent"]["host"] == "host-1"
    net.refused(cloud.get(f"{V2}/agents/nobody", as_="admin"), 404, "AgentNotFound")
    assert cloud.get(f"{V2}/agents?alive=false", as_="admin").json["agents"] == []
    assert cloud.get(f"{V2}/agents").json == {"agents": []}
    assert cloud.get(f"{V2}/agents/{agent['id']}").status_code == 404


def test_availability_of_addresses(cloud: Any, net: Any) -> None:
    network = net.network("10.0.0.0/28")
    net.make("ports", network_id=network["id"])
    found = cloud.get(f"{V2}/network-ip-availabilities/{network['id']}", as_="admin").json["network_ip_availability"]
    assert found["total_ips"] == 13 and found["used_ips"] == 2
    (part,) = found["subnet_ip_availability"]
    assert part["subnet_id"] == network["subnet"]["id"] and part["used_ips"] == 2
    path = f"{V2}/network-ip-availabilities"
    assert len(cloud.get(f"{path}?network_name=n", as_="admin").json["network_ip_availabilities"]) == 1
    (six,) = cloud.get(f"{path}?ip_version=6", as_="admin").json["network_ip_availabilities"]
    assert six["total_ips"] == 0
    assert cloud.get(path).json == {"network_ip_availabilities": []}
    assert cloud.get(f"{path}/{network['id']}").status_code == 404
    net.refused(cloud.get(f"{path}/nobody", as_="admin"), 404, "NetworkNotFound")
