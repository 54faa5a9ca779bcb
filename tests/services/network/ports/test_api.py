"""Ports as clients see them."""

from typing import Any

import pytest

V2 = "/network/v2.0"


def test_a_port_lives_and_dies(cloud: Any, net: Any) -> None:
    network = net.network()
    made = net.make("ports", network_id=network["id"], name="p", description="d", dns_name="host", tags=["t"])
    assert made["status"] == "DOWN" and made["mac_address"].startswith("fa:16:3e:")
    assert made["fixed_ips"][0]["subnet_id"] == network["subnet"]["id"]
    assert made["dns_assignment"][0]["hostname"] == "host"
    assert made["binding:vnic_type"] == "normal" and "binding:host_id" not in made
    assert [net.show("security-groups", one)["name"] for one in made["security_groups"]] == ["default"]
    seen = net.show("ports", made["id"])
    assert seen["binding:host_id"] == "" and seen["binding:vif_type"] == "unbound"
    changed = net.set("ports", made["id"], name="q", admin_state_up=False, device_id="dev", device_owner="own")
    assert (changed["name"], changed["device_id"], changed["device_owner"]) == ("q", "dev", "own")
    bound = net.set("ports", made["id"], as_="admin", **{"binding:host_id": "host-1", "binding:profile": {"a": 1}})
    assert bound["binding:vif_type"] == "ovs" and bound["binding:profile"] == {"a": 1}
    assert bound["binding:vif_details"]["port_filter"] is True
    net.drop("ports", made["id"])
    net.refused(cloud.get(f"{V2}/ports/{made['id']}"), 404, "PortNotFound")


def test_addresses_as_asked(cloud: Any, net: Any) -> None:
    network = net.network()
    subnet = network["subnet"]["id"]

    def port(**fields: Any) -> Any:
        return cloud.post(f"{V2}/ports", json={"port": {"network_id": network["id"], **fields}})

    first = port(fixed_ips=[{"ip_address": "10.0.0.77"}]).json["port"]
    assert first["fixed_ips"] == [{"subnet_id": subnet, "ip_address": "10.0.0.77"}]
    both = port(fixed_ips=[{"subnet_id": subnet, "ip_address": "10.0.0.78"}, {"subnet_id": subnet}]).json["port"]
    assert both["fixed_ips"][0]["ip_address"] == "10.0.0.78" and len(both["fixed_ips"]) == 2
    assert port(fixed_ips=[]).json["port"]["fixed_ips"] == []
    net.refused(port(fixed_ips=[{"ip_address": "10.0.0.77"}]), 409, "IpAddressAlreadyAllocated")
    net.refused(port(fixed_ips=[{"ip_address": "10.9.0.1"}]), 400, "InvalidIpForNetwork")
    net.refused(port(fixed_ips=[{"subnet_id": subnet, "ip_address": "10.9.0.1"}]), 400, "InvalidIpForSubnet")
    net.refused(port(fixed_ips=[{"ip_address": "10.0.0.255"}]), 400, "InvalidIpForSubnet")
    for bad in (
        [{}],
        [{"ip_address": "x"}],
        [{"subnet_id": "00000000-0000-4000-8000-000000000000"}],
        [{"ip_address": "10.0.0.5"}] * 2,
    ):
        assert "fixed_ips" in net.refused(port(fixed_ips=bad), 400, "InvalidInput")
    assert "fixed_ips" in net.refused(port(fixed_ips="x"), 400, "HTTPBadRequest")


def test_addresses_change_and_stay(net: Any) -> None:
    network = net.network()
    subnet = network["subnet"]["id"]
    port = net.make("ports", network_id=network["id"], fixed_ips=[{"ip_address": "10.0.0.10"}])
    kept = net.set("ports", port["id"], fixed_ips=[{"subnet_id": subnet}, {"ip_address": "10.0.0.11"}])
    assert [one["ip_address"] for one in kept["fixed_ips"]] == ["10.0.0.10", "10.0.0.11"]
    moved = net.set("ports", port["id"], fixed_ips=[{"ip_address": "10.0.0.12"}, {"ip_address": "10.0.0.10"}])
    assert [one["ip_address"] for one in moved["fixed_ips"]] == ["10.0.0.12", "10.0.0.10"]
    assert net.set("ports", port["id"], fixed_ips=[])["fixed_ips"] == []
    net.make("ports", network_id=network["id"], fixed_ips=[{"ip_address": "10.0.0.10"}])


def test_both_versions_and_automatic_addresses(cloud: Any, net: Any) -> None:
    network = net.network()
    slaac = net.make(
        "subnets", network_id=network["id"], ip_version=6, cidr="fd00::/64", ipv6_ra_mode="slaac",
        ipv6_address_mode="slaac",
    )  # fmt: skip
    stateful = net.make(
        "subnets", network_id=network["id"], ip_version=6, cidr="fd01::/64", ipv6_ra_mode="dhcpv6-stateful",
        ipv6_address_mode="dhcpv6-stateful",
    )  # fmt: skip
    port = net.make("ports", network_id=network["id"], mac_address="FA-16-3E-AA-BB-CC")
    assert port["mac_address"] == "fa:16:3e:aa:bb:cc"
    given = {one["subnet_id"]: one["ip_address"] for one in port["fixed_ips"]}
    assert set(given) == {network["subnet"]["id"], slaac["id"], stateful["id"]}
    assert given[slaac["id"]] == "fd00::f816:3eff:feaa:bbcc"
    assert given[stateful["id"]].startswith("fd01::")
    body = {"network_id": network["id"], "fixed_ips": [{"subnet_id": slaac["id"], "ip_address": "fd00::5"}]}
    net.refused(cloud.post(f"{V2}/ports", json={"port": body}), 400, "InvalidInput")
    asked = net.make("ports", network_id=network["id"], fixed_ips=[{"ip_address": "10.0.0.9"}])
    assert slaac["id"] in {one["subnet_id"] for one in asked["fixed_ips"]}


def test_exhaustion(cloud: Any, net: Any) -> None:
    network = net.network("10.0.0.0/29")  # 6 hosts: gateway, metadata, 4 ports
    body = {"port": {"network_id": network["id"]}}
    for _ in range(4):
        assert cloud.post(f"{V2}/ports", json=body).status_code == 201
    message = net.refused(cloud.post(f"{V2}/ports", json=body), 409, "IpAddressGenerationFailure")
    assert message == f"No more IP addresses available on network {network['id']}."
    body["port"]["fixed_ips"] = [{"subnet_id": network["subnet"]["id"]}]
    net.refused(cloud.post(f"{V2}/ports", json=body), 409, "IpAddressGenerationFailureForSubnet")
    assert len(net.list("ports")) == 5
    net.drop("ports", net.list("ports", device_owner="")[0]["id"])
    assert cloud.post(f"{V2}/ports", json=body).status_code == 201


def test_macs(cloud: Any, net: Any) -> None:
    one, two = net.network(), net.network()
    mac = "fa:16:3e:00:00:01"
    port = net.make("ports", network_id=one["id"], mac_address=mac)
    net.make("ports", network_id=two["id"], mac_address=mac)
    body = {"network_id": one["id"], "mac_address": mac}
    net.refused(cloud.post(f"{V2}/ports", json={"port": body}), 409, "MacAddressInUse")
    for bad in ("nonsense", "01:00:5e:00:00:01", "00:00:00:00:00:00"):
        body["mac_address"] = bad
        assert "mac_address" in net.refused(cloud.post(f"{V2}/ports", json={"port": body}), 400, "InvalidInput")
    changed = net.set("ports", port["id"], mac_address="fa:16:3e:00:00:02")
    assert changed["mac_address"] == "fa:16:3e:00:00:02"
    assert net.set("ports", port["id"], mac_address=None)["mac_address"] not in (mac, changed["mac_address"])


def test_security(cloud: Any, net: Any) -> None:
    network = net.network()
    group = net.make("security-groups", name="g")
    pair = {"ip_address": "10.0.0.99"}
    port = net.make("ports", network_id=network["id"], security_groups=[group["id"]], allowed_address_pairs=[pair])
    assert port["security_groups"] == [group["id"]]
    assert port["allowed_address_pairs"] == [{"mac_address": port["mac_address"], "ip_address": "10.0.0.99"}]
    path = f"{V2}/ports/{port['id']}"
    off: dict[str, Any] = {"port_security_enabled": False}
    net.refused(cloud.put(path, json={"port": off}), 409, "PortSecurityPortHasSecurityGroup")
    off["security_groups"] = []
    net.refused(cloud.put(path, json={"port": off}), 409, "AddressPairAndPortSecurityRequired")
    off["allowed_address_pairs"] = []
    assert cloud.put(path, json={"port": off}).json["port"]["port_security_enabled"] is False
    back = {"port": {"security_groups": [group["id"]]}}
    net.refused(cloud.put(path, json=back), 400, "PortSecurityAndIPRequiredForSecurityGroups")
    for bad in ([{"ip_address": "x"}], [pair, pair], [{"ip_address": "10.0.0.1", "mac_address": "x"}]):
        body = {"port": {"network_id": network["id"], "allowed_address_pairs": bad}}
        net.refused(cloud.post(f"{V2}/ports", json=body), 400, "InvalidInput")
    body = {"port": {"network_id": network["id"], "security_groups": ["00000000-0000-4000-8000-000000000000"]}}
    net.refused(cloud.post(f"{V2}/ports", json=body), 404, "SecurityGroupNotFound")
    loose = net.make("security-groups", name="loose", stateful=False)
    body["port"]["security_groups"] = [group["id"], loose["id"]]
    net.refused(cloud.post(f"{V2}/ports", json=body), 409, "SecurityGroupConflict")
    body["port"]["security_groups"] = [group["id"]] * 2
    net.refused(cloud.post(f"{V2}/ports", json=body), 400, "InvalidInput")
    body["port"]["security_groups"] = ["not-an-id"]
    assert "security_groups" in net.refused(cloud.post(f"{V2}/ports", json=body), 400, "HTTPBadRequest")
    foreign = net.make("security-groups", as_="other", name="foreign")
    body["port"]["security_groups"] = [foreign["id"]]
    net.refused(cloud.post(f"{V2}/ports", json=body), 404, "SecurityGroupNotFound")
    open_network = net.network("10.1.0.0/24", port_security_enabled=False)
    assert net.make("ports", network_id=open_network["id"])["security_groups"] == []


def test_dhcp_options(cloud: Any, net: Any) -> None:
    network = net.network()
    options = [{"opt_name": "mtu", "opt_value": "1300"}, {"opt_name": "ntp-server", "opt_value": "10.0.0.2"}]
    port = net.make("ports", network_id=network["id"], extra_dhcp_opts=options)
    assert port["extra_dhcp_opts"] == [{**option, "ip_version": 4} for option in options]
    change = [{"opt_name": "mtu", "opt_value": None}, {"opt_name": "ntp-server", "opt_value": "10.0.0.3"}]
    changed = net.set("ports", port["id"], extra_dhcp_opts=change)
    assert changed["extra_dhcp_opts"] == [{"opt_name": "ntp-server", "opt_value": "10.0.0.3", "ip_version": 4}]
    body = {"port": {"network_id": network["id"], "extra_dhcp_opts": [{"opt_name": "mtu", "opt_value": " "}]}}
    assert "extra_dhcp_opts" in net.refused(cloud.post(f"{V2}/ports", json=body), 400, "InvalidInput")


def test_ports_of_services_belong_to_them(cloud: Any, net: Any) -> None:
    network = net.network()
    (metadata,) = net.list("ports")
    net.refused(cloud.delete(f"{V2}/ports/{metadata['id']}"), 409, "ServicePortInUse")
    change = {"port": {"device_id": "x"}}
    net.refused(cloud.put(f"{V2}/ports/{metadata['id']}", json=change), 400, "InvalidInput")
    for owner in ("network:router_interface", "network:router_gateway", "network:floatingip", "network:distributed"):
        body = {"port": {"network_id": network["id"], "device_owner": owner}}
        assert "device_owner" in net.refused(cloud.post(f"{V2}/ports", json=body), 400, "InvalidInput")


@pytest.mark.parametrize(
    "fields",
    [{"mac_address": "fa:16:3e:00:00:09"}, {"port_security_enabled": False}, {"fixed_ips": [{"ip_address": "10.0.0.9"}]},
     {"allowed_address_pairs": [{"ip_address": "10.0.0.9"}]}, {"device_owner": "network:nonsense"},
     {"binding:host_id": "host-1"}],
)  # fmt: skip
def test_what_guests_of_a_shared_network_may_not(cloud: Any, net: Any, fields: dict[str, Any]) -> None:
    shared = net.network(as_="admin", shared=True)
    body = {"port": {"network_id": shared["id"], **fields}}
    net.refused(cloud.post(f"{V2}/ports", as_="other", json=body), 403, "PolicyNotAuthorized")
    assert net.make("ports", as_="other", network_id=shared["id"])["project_id"] == "2" * 32


def test_who_sees_ports(cloud: Any, net: Any) -> None:
    shared = net.network(as_="admin", shared=True)
    port = net.make("ports", as_="other", network_id=shared["id"])
    # The network's owner sees all its ports; its users see their own.
    assert port["id"] in {one["id"] for one in net.list("ports", as_="member")}
    assert [one["id"] for one in net.list("ports", as_="other")] == [port["id"]]
    outside = net.external()
    body = {"port": {"network_id": outside["id"]}}
    net.refused(cloud.post(f"{V2}/ports", json=body), 403, "PolicyNotAuthorized")
    private = net.network("10.7.0.0/24")
    body["port"]["network_id"] = private["id"]
    net.refused(cloud.post(f"{V2}/ports", as_="other", json=body), 404, "NetworkNotFound")
    own = net.make("ports", network_id=private["id"])
    net.refused(cloud.delete(f"{V2}/ports/{own['id']}", as_="other"), 404, "PortNotFound")


def test_filters(net: Any) -> None:
    network = net.network()
    subnet = network["subnet"]["id"]
    one = net.make("ports", network_id=network["id"], fixed_ips=[{"ip_address": "10.0.0.15"}], device_id="a")
    two = net.make("ports", network_id=network["id"], fixed_ips=[{"ip_address": "10.0.0.16"}], device_id="b")
    three = net.make("ports", network_id=network["id"], fixed_ips=[{"ip_address": "10.0.0.200"}], name="")

    def ids(**params: Any) -> list[str]:
        return [port["id"] for port in net.list("ports", **params)]

    assert ids(fixed_ips="ip_address=10.0.0.15") == [one["id"]]
    assert ids(fixed_ips="ip_address_substr=.0.1") == [one["id"], two["id"]]
    assert ids(fixed_ips=["ip_address=10.0.0.15", f"subnet_id={subnet}"]) == [one["id"]]
    assert ids(fixed_ips=["ip_address=10.0.0.15", "ip_address=10.0.0.16"]) == [one["id"], two["id"]]
    assert ids(device_id=["a", "b"]) == [one["id"], two["id"]]
    assert ids(device_id="", network_id=network["id"]) == [three["id"]]
    assert ids(mac_address=two["mac_address"]) == [two["id"]]
    assert ids(security_groups=one["security_groups"][0]) == [one["id"], two["id"], three["id"]]
    assert ids(status="ACTIVE", device_owner="compute:nova") == []
    assert ids(**{"binding:vnic_type": "normal", "device_id": "a"}) == [one["id"]]


def test_quota(cloud: Any, net: Any) -> None:
    network = net.network()
    cloud.put(f"{V2}/quotas/{'1' * 32}", as_="admin", json={"quota": {"port": 2}})
    many = {"ports": [{"network_id": network["id"]}] * 2}
    net.refused(cloud.post(f"{V2}/ports", json=many), 409, "OverQuota")
    many["ports"].pop()
    assert cloud.post(f"{V2}/ports", json=many).status_code == 201
