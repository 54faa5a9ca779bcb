"""Whether A can reach B is explained from what the network has, and follows what changes there."""

from typing import Any

import pytest

PATH = "/kumoi/v1/reachability"
V2 = "/network/v2.0"


class Net:
    """Two ports in groups of their own, on one network or behind one router."""

    def __init__(self, cloud: Any) -> None:
        self.cloud = cloud
        self.network, self.subnet = self.made_network("10.1.0.0/24")
        self.groups = [self.group("front"), self.group("back")]
        self.a, self.b = (self.port(self.network, group) for group in self.groups)

    def made(self, kind: str, **values: Any) -> dict[str, Any]:
        one = kind.removesuffix("s").replace("-", "_")
        answer = self.cloud.post(f"{V2}/{kind}", json={one: values})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json[one]
        return found

    def made_network(self, cidr: str) -> tuple[str, str]:
        network = str(self.made("networks", name="n")["id"])
        return network, str(self.made("subnets", network_id=network, ip_version=4, cidr=cidr)["id"])

    def group(self, name: str) -> str:
        return str(self.made("security-groups", name=name)["id"])

    def port(self, network: str, group: str, **more: Any) -> dict[str, Any]:
        more = {"device_id": "d", "device_owner": "compute:x", **more}
        return self.made("ports", network_id=network, security_groups=[group], **more)

    def rule(self, group: str, **values: Any) -> str:
        values = {"direction": "ingress", "ethertype": "IPv4", **values}
        return str(self.made("security-group-rules", security_group_id=group, **values)["id"])

    def ask(self, as_: str = "member", **query: Any) -> Any:
        query = {"from": self.a["id"], "to": self.b["id"], "protocol": "tcp", "port": 443, **query}
        return self.cloud.get(PATH, as_=as_, params={name: value for name, value in query.items() if value is not None})

    def told(self, **query: Any) -> tuple[bool | None, list[str]]:
        answer = self.ask(**query)
        assert answer.status_code == 200, answer.text
        found = answer.json["reachability"]
        return found["reachable"], [one["text"] for one in found["reasons"] if one["holds"] is not True]


@pytest.fixture
def net(cloud: Any) -> Net:
    return Net(cloud)


def test_a_rule_that_lets_it_in(net: Net) -> None:
    reachable, why = net.told()
    address = net.a["fixed_ips"][0]["ip_address"]
    assert reachable is False
    assert why == [f"No rule of the groups of port {net.b['id']} (back) lets in TCP 443 from {address}."]
    rule = net.rule(net.groups[1], protocol="tcp", port_range_min=400, port_range_max=500)
    answer = net.ask().json["reachability"]
    assert answer["reachable"] is True and answer["source"] == address
    (said,) = (one for one in answer["reasons"] if rule in one["ids"])
    assert said["text"] == "A rule of the group back lets in TCP 443 from anywhere." and net.groups[1] in said["ids"]
    assert net.told(port=501)[0] is False and net.told(protocol="udp")[0] is False
    assert net.told(port=None)[0] is False


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"remote_ip_prefix": "10.1.0.0/24"}, True),
        ({"remote_ip_prefix": "10.2.0.0/24"}, False),
        ({"protocol": "6"}, True),
        ({"protocol": "icmp"}, False),
        ({"ethertype": "IPv6"}, False),
        ({"direction": "egress", "protocol": "udp"}, False),
    ],
)
def test_what_a_rule_is_for(net: Net, values: dict[str, Any], expected: bool) -> None:
    net.rule(net.groups[1], **values)
    assert net.told()[0] is expected


def test_a_rule_for_a_group(net: Net) -> None:
    net.rule(net.groups[1], protocol="tcp", remote_group_id=net.groups[0])
    assert net.told()[0] is True
    other = net.port(net.network, net.group("third"))
    assert net.told(**{"from": other["id"]})[0] is False


def test_what_does_not_go_out(net: Net) -> None:
    net.rule(net.groups[1])
    for rule in net.cloud.get(f"{V2}/security-group-rules?security_group_id={net.groups[0]}").json[
        "security_group_rules"
    ]:
        net.cloud.delete(f"{V2}/security-group-rules/{rule['id']}")
    reachable, why = net.told()
    assert reachable is False and why[0].startswith(
        f"No rule of the groups of port {net.a['id']} (front) lets out TCP 443 to "
    )


def test_no_port_security(net: Net) -> None:
    free = net.made(
        "ports", network_id=net.network, port_security_enabled=False, device_id="d", device_owner="compute:x"
    )
    assert net.told(to=free["id"])[0] is True


def test_ports_that_are_off_or_unused(net: Net) -> None:
    net.rule(net.groups[1])
    off = net.port(net.network, net.groups[1], admin_state_up=False)
    assert net.told(to=off["id"]) == (False, [f"The port {off['id']} is switched off."])
    unused = net.port(net.network, net.groups[1], device_id="", device_owner="")
    assert net.told(to=unused["id"]) == (False, [f"No device uses the port {unused['id']}."])


def test_over_a_router(net: Net) -> None:
    net.rule(net.groups[1])
    network, subnet = net.made_network("10.2.0.0/24")
    far = net.port(network, net.groups[1])
    reachable, why = net.told(to=far["id"])
    assert reachable is None and why[0].startswith("No single router connects their subnets.")
    router = net.made("routers", name="r")["id"]
    for each in (net.subnet, subnet):
        added = net.cloud.put(f"{V2}/routers/{router}/add_router_interface", json={"subnet_id": each})
        assert added.status_code == 200, added.text
    assert net.told(to=far["id"])[0] is True
    assert router in str(net.ask(to=far["id"]).json)


def test_without_a_common_version(net: Net) -> None:
    bare = net.made("ports", network_id=net.network, fixed_ips=[], device_id="d", device_owner="compute:x")
    assert net.told(to=bare["id"]) == (False, ["The ports have no addresses of the same IP version."])


def test_what_may_not_be_asked(net: Net) -> None:
    assert net.ask(as_="other").status_code == 404 and net.ask(as_="roleless").status_code == 403
    assert net.ask(to="00000000-0000-4000-8000-000000000000").status_code == 404
    for wrong in ({"from": ""}, {"to": None}, {"port": 0}, {"port": 65536}, {"port": "x"}, {"protocol": "carrier-pigeon"},
                  {"protocol": "icmp"}, {"protocol": "300"}):  # fmt: skip
        refused = net.ask(**wrong)
        assert refused.status_code == 400, wrong
        assert next(iter(wrong)) in refused.json["error"]["message"] or "port" in refused.json["error"]["message"]
    assert net.told(protocol="icmp", port=None)[0] is False


def test_groups_of_another_project_are_not_told(net: Net) -> None:
    """The owner of a network sees the ports that others have on it, but not their groups."""
    network = str(net.cloud.post(f"{V2}/networks", as_="other", json={"network": {"name": "n"}}).json["network"]["id"])
    subnet = {"network_id": network, "ip_version": 4, "cidr": "10.9.0.0/24"}
    net.cloud.post(f"{V2}/subnets", as_="other", json={"subnet": subnet})
    rule = net.rule(net.groups[1], protocol="tcp")
    net.cloud.put(f"{V2}/networks/{network}", as_="admin", json={"network": {"shared": True}})
    theirs = net.port(network, net.groups[1])
    made = {"network_id": network, "device_id": "d", "device_owner": "compute:x"}
    own = net.cloud.post(f"{V2}/ports", as_="other", json={"port": made}).json["port"]["id"]
    for ends in ({"from": own, "to": theirs["id"]}, {"from": theirs["id"], "to": own}):
        answer = net.ask(as_="other", **ends)
        assert answer.status_code == 200 and rule not in answer.text
        assert net.groups[1] not in answer.text and "back" not in answer.text
    assert net.ask(as_="other", **{"from": own, "to": theirs["id"]}).json["reachability"]["reachable"] is None
