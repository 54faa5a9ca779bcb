"""Security groups and their rules as clients see them."""

from typing import Any

import pytest

V2 = "/network/v2.0"


def test_everyone_has_a_default_group(cloud: Any, net: Any) -> None:
    (default,) = net.list("security-groups")
    assert default["name"] == "default" and default["stateful"] is True
    rules = {(r["direction"], r["ethertype"], r["remote_group_id"]) for r in default["security_group_rules"]}
    assert rules == {
        ("egress", "IPv4", None), ("egress", "IPv6", None),
        ("ingress", "IPv4", default["id"]), ("ingress", "IPv6", default["id"]),
    }  # fmt: skip
    assert [group["id"] for group in net.list("security-groups")] == [default["id"]]
    assert len(net.list("security-group-rules")) == 4
    assert len(net.list("security-group-rules", as_="other", direction="egress")) == 2
    path = f"{V2}/security-groups/{default['id']}"
    net.refused(cloud.delete(path), 409, "SecurityGroupCannotRemoveDefault")
    rename = {"security_group": {"name": "x"}}
    net.refused(cloud.put(path, json=rename), 409, "SecurityGroupCannotUpdateDefault")
    assert net.set("security-groups", default["id"], description="x")["description"] == "x"
    second = {"security_group": {"name": "default"}}
    net.refused(cloud.post(f"{V2}/security-groups", json=second), 409, "SecurityGroupDefaultAlreadyExists")
    net.refused(cloud.get(path, as_="other"), 404, "SecurityGroupNotFound")


def test_a_group_lives_and_dies(cloud: Any, net: Any) -> None:
    made = net.make("security-groups", name="g", description="d", stateful=False)
    assert made["stateful"] is False
    assert {rule["direction"] for rule in made["security_group_rules"]} == {"egress"}
    rename = {"security_group": {"name": "default"}}
    refused = cloud.put(f"{V2}/security-groups/{made['id']}", json=rename)
    net.refused(refused, 409, "SecurityGroupDefaultAlreadyExists")
    changed = net.set("security-groups", made["id"], name="h", stateful=True)
    assert changed["name"] == "h" and changed["stateful"] is True
    port = net.make("ports", network_id=net.network()["id"], security_groups=[made["id"]])
    path = f"{V2}/security-groups/{made['id']}"
    net.refused(cloud.put(path, json={"security_group": {"stateful": False}}), 409, "SecurityGroupInUse")
    net.refused(cloud.delete(path), 409, "SecurityGroupInUse")
    net.drop("ports", port["id"])
    net.drop("security-groups", made["id"])
    net.refused(cloud.get(path), 404, "SecurityGroupNotFound")


def rule(cloud: Any, group: str, **fields: Any) -> Any:
    body = {"security_group_id": group, "direction": "ingress", **fields}
    return cloud.post(f"{V2}/security-group-rules", json={"security_group_rule": body})


def test_a_rule_lives_and_dies(cloud: Any, net: Any) -> None:
    group = net.make("security-groups", name="g")
    made = rule(
        cloud, group["id"], protocol="TCP", port_range_min="22", port_range_max=22, remote_ip_prefix="10.0.0.5/24",
        description="ssh",
    ).json["security_group_rule"]  # fmt: skip
    assert made["ethertype"] == "IPv4" and made["protocol"] == "tcp" and made["port_range_min"] == 22
    assert made["remote_ip_prefix"] == "10.0.0.5/24" and made["normalized_cidr"] == "10.0.0.0/24"
    assert net.show("security-groups", group["id"])["revision_number"] == group["revision_number"] + 1
    shown = net.show("security-group-rules", made["id"])
    assert shown["description"] == "ssh"
    net.drop("security-group-rules", made["id"])
    net.refused(cloud.get(f"{V2}/security-group-rules/{made['id']}"), 404, "SecurityGroupRuleNotFound")
    assert rule(cloud, group["id"], protocol=17).json["security_group_rule"]["protocol"] == "17"
    assert rule(cloud, group["id"], protocol="icmp", port_range_min=8, port_range_max=0).status_code == 201
    assert rule(cloud, group["id"], protocol="icmpv6", ethertype="ipv6").status_code == 201
    assert rule(cloud, group["id"], remote_group_id=group["id"]).status_code == 201
    assert (
        rule(cloud, group["id"], remote_ip_prefix="10.0.0.7").json["security_group_rule"]["remote_ip_prefix"]
        == "10.0.0.7/32"
    )


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({"direction": "sideways"}, 400, "HTTPBadRequest"),
        ({"ethertype": "IPX"}, 400, "SecurityGroupRuleInvalidEtherType"),
        ({"protocol": "nonsense"}, 400, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": "256"}, 400, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": 58}, 400, "SecurityGroupEthertypeConflictWithProtocol"),
        ({"protocol": "ipv6-icmp"}, 400, "SecurityGroupEthertypeConflictWithProtocol"),
        ({"port_range_min": 1, "port_range_max": 2}, 400, "SecurityGroupProtocolRequiredWithPorts"),
        ({"protocol": "tcp", "port_range_min": 2, "port_range_max": 1}, 400, "SecurityGroupInvalidPortRange"),
        ({"protocol": "tcp", "port_range_min": 2}, 400, "SecurityGroupInvalidPortRange"),
        ({"protocol": "tcp", "port_range_min": 0, "port_range_max": 2}, 400, "SecurityGroupInvalidPortValue"),
        ({"protocol": "tcp", "port_range_min": 1, "port_range_max": 65536}, 400, "SecurityGroupInvalidPortValue"),
        ({"protocol": "tcp", "port_range_min": -16, "port_range_max": 80}, 400, "SecurityGroupInvalidPortValue"),
        ({"protocol": "icmp", "port_range_min": -1}, 400, "SecurityGroupInvalidIcmpValue"),
        ({"protocol": "icmp", "port_range_min": 256}, 400, "SecurityGroupInvalidIcmpValue"),
        ({"protocol": "icmp", "port_range_max": 5}, 400, "SecurityGroupMissingIcmpType"),
        ({"protocol": "gre", "port_range_min": 1, "port_range_max": 2}, 400, "SecurityGroupInvalidProtocolForPort"),
        ({"protocol": "dccp", "port_range_min": 1, "port_range_max": 2}, 400, "SecurityGroupInvalidProtocolForPort"),
        ({"protocol": "136", "port_range_min": 1, "port_range_max": 2}, 400, "SecurityGroupInvalidProtocolForPort"),
        ({"remote_ip_prefix": "nonsense"}, 400, "InvalidInput"),
        ({"remote_ip_prefix": "fd00::/64"}, 400, "SecurityGroupRuleParameterConflict"),
        (
            {"remote_ip_prefix": "10.0.0.0/8", "remote_group_id": "00000000-0000-4000-8000-000000000000"},
            400,
            "SecurityGroupRemoteGroupAndRemoteIpPrefix",
        ),
        ({"remote_group_id": "00000000-0000-4000-8000-000000000000"}, 404, "SecurityGroupNotFound"),
        ({"remote_group_id": "no-id-at-all"}, 404, "SecurityGroupNotFound"),
        ({"security_group_id": "00000000-0000-4000-8000-000000000000"}, 404, "SecurityGroupNotFound"),
    ],
)
def test_rules_that_make_no_sense(cloud: Any, net: Any, fields: dict[str, Any], status: int, kind: str) -> None:
    group = net.make("security-groups", name="g")
    net.refused(rule(cloud, fields.pop("security_group_id", group["id"]), **fields), status, kind)
    assert len(net.list("security-group-rules", security_group_id=group["id"])) == 2


def test_the_same_rule_once_however_it_is_written(cloud: Any, net: Any) -> None:
    group = net.make("security-groups", name="g")
    fields = {"protocol": "tcp", "port_range_min": 80, "port_range_max": 80}
    first = rule(cloud, group["id"], **fields, remote_ip_prefix="10.0.0.0/24").json["security_group_rule"]
    again = rule(cloud, group["id"], **{**fields, "protocol": 6}, remote_ip_prefix="10.0.0.9/24", description="other")
    assert first["id"] in net.refused(again, 409, "SecurityGroupRuleExists")
    net.refused(
        rule(cloud, group["id"], direction="egress", remote_ip_prefix="0.0.0.0/0"), 409, "SecurityGroupRuleExists"
    )
    assert rule(cloud, group["id"], **fields).status_code == 201


def test_rules_that_name_a_group_go_with_it(cloud: Any, net: Any) -> None:
    one, two = net.make("security-groups", name="1"), net.make("security-groups", name="2")
    named = rule(cloud, one["id"], remote_group_id=two["id"]).json["security_group_rule"]
    before = net.show("security-groups", one["id"])
    assert named["id"] in [each["id"] for each in before["security_group_rules"]]
    net.drop("security-groups", two["id"])
    after = net.show("security-groups", one["id"])
    assert {each["id"] for each in before["security_group_rules"]} - {
        each["id"] for each in after["security_group_rules"]
    } == {named["id"]}
    assert after["revision_number"] > before["revision_number"]
    cloud.settle()
    assert cloud.audit() == []


def test_quotas(cloud: Any, net: Any) -> None:
    net.list("security-groups")
    cloud.put(f"{V2}/quotas/{'1' * 32}", as_="admin", json={"quota": {"security_group": 1, "security_group_rule": 5}})
    body = {"security_group": {"name": "g"}}
    net.refused(cloud.post(f"{V2}/security-groups", json=body), 409, "OverQuota")
    cloud.put(f"{V2}/quotas/{'1' * 32}", as_="admin", json={"quota": {"security_group": 9}})
    message = net.refused(cloud.post(f"{V2}/security-groups", json=body), 409, "OverQuota")
    assert "security_group_rule" in message
    (default,) = net.list("security-groups")
    many = [{"security_group_id": default["id"], "direction": "ingress", "protocol": p} for p in ("tcp", "udp")]
    refused = cloud.post(f"{V2}/security-group-rules", json={"security_group_rules": many})
    net.refused(refused, 409, "OverQuota")
    made = cloud.post(f"{V2}/security-group-rules", json={"security_group_rules": many[:1]})
    assert made.status_code == 201 and len(made.json["security_group_rules"]) == 1
