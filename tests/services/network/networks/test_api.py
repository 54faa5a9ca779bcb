"""Networks as clients see them."""

from typing import Any

V2 = "/network/v2.0"


def test_discovery(cloud: Any) -> None:
    versions = cloud.get("/network/", as_=None).json["versions"]
    assert [(one["id"], one["status"]) for one in versions] == [("v2.0", "CURRENT")]
    names = {one["collection"] for one in cloud.get(V2, as_=None).json["resources"]}
    assert {"networks", "ports", "floatingips"} <= names


def test_a_network_lives_and_dies(cloud: Any, net: Any) -> None:
    made = net.make("networks", name="one", description="first", mtu=1400, dns_domain="example.org.", tags=["b", "a"])
    assert made["status"] == "ACTIVE" and made["mtu"] == 1400 and made["tags"] == ["a", "b"]
    assert made["tenant_id"] == made["project_id"] == "1" * 32
    assert "provider:network_type" not in made
    assert net.show("networks", made["id"])["provider:network_type"] == "geneve"
    changed = net.set("networks", made["id"], name="two", admin_state_up=False)
    assert changed["name"] == "two" and changed["admin_state_up"] is False
    assert changed["revision_number"] == made["revision_number"] + 1
    net.drop("networks", made["id"])
    gone = cloud.get(f"{V2}/networks/{made['id']}")
    assert net.refused(gone, 404, "NetworkNotFound") == f"Network {made['id']} could not be found."


def test_many_at_once_all_or_none(cloud: Any, net: Any) -> None:
    body = {"networks": [{"name": "a"}, {"name": "b"}]}
    made = cloud.post(f"{V2}/networks", json=body)
    assert made.status_code == 201 and [n["name"] for n in made.json["networks"]] == ["a", "b"]
    bad = cloud.post(f"{V2}/networks", json={"networks": [{"name": "c"}, {"name": "d", "mtu": 99999}]})
    assert "mtu" in net.refused(bad, 400, "HTTPBadRequest")
    assert len(net.list("networks")) == 2


def test_what_only_admins_may(cloud: Any, net: Any) -> None:
    for field in ("shared", "router:external"):
        refused = cloud.post(f"{V2}/networks", json={"network": {field: True}})
        assert field in net.refused(refused, 403, "PolicyNotAuthorized")
    own = net.make("networks", name="own")
    assert net.refused(
        cloud.put(f"{V2}/networks/{own['id']}", json={"network": {"shared": True}}), 403, "PolicyNotAuthorized"
    )
    body = {"network": {"provider:network_type": "vlan", "provider:physical_network": "external"}}
    net.refused(cloud.post(f"{V2}/networks", json=body), 403, "PolicyNotAuthorized")
    free = cloud.post(f"{V2}/networks", as_="admin", json=body).json["network"]
    assert 1 <= free["provider:segmentation_id"] <= 4094
    net.drop("networks", free["id"], as_="admin")
    body["network"]["provider:segmentation_id"] = 4095
    net.refused(cloud.post(f"{V2}/networks", as_="admin", json=body), 400, "InvalidInput")
    body["network"]["provider:segmentation_id"] = "17"
    assert cloud.post(f"{V2}/networks", as_="admin", json=body).json["network"]["provider:segmentation_id"] == 17
    net.refused(cloud.post(f"{V2}/networks", as_="admin", json=body), 409, "VlanIdInUse")


def test_others_see_what_is_shared_or_external(cloud: Any, net: Any) -> None:
    private = net.network()
    shared = net.network(as_="admin", shared=True, cidr="10.1.0.0/24")
    outside = net.external()
    seen = {network["id"] for network in net.list("networks", as_="other")}
    assert seen == {shared["id"], outside["id"]}
    net.refused(cloud.get(f"{V2}/networks/{private['id']}", as_="other"), 404, "NetworkNotFound")
    change = {"network": {"name": "mine"}}
    net.refused(cloud.put(f"{V2}/networks/{shared['id']}", as_="other", json=change), 403, "PolicyNotAuthorized")
    # An external network shows the ids of its subnets, but not the subnets.
    subnets = {subnet["id"] for subnet in net.list("subnets", as_="other")}
    assert subnets == {shared["subnet"]["id"]}
    assert net.show("networks", outside["id"], as_="other")["subnets"] == [outside["subnet"]["id"]]


def test_sharing_cannot_end_while_others_are_there(cloud: Any, net: Any) -> None:
    shared = net.network(as_="admin", shared=True)
    port = net.make("ports", as_="other", network_id=shared["id"])
    end = {"network": {"shared": False}}
    net.refused(cloud.put(f"{V2}/networks/{shared['id']}", as_="admin", json=end), 409, "InvalidSharedSetting")
    net.drop("ports", port["id"], as_="other")
    assert net.set("networks", shared["id"], as_="admin", shared=False)["shared"] is False


def test_ports_are_in_the_way_and_metadata_is_not(cloud: Any, net: Any) -> None:
    network = net.network()
    assert [port["device_owner"] for port in net.list("ports")] == ["network:distributed"]
    port = net.make("ports", network_id=network["id"])
    message = net.refused(cloud.delete(f"{V2}/networks/{network['id']}"), 409, "NetworkInUse")
    assert port["id"] in message
    net.drop("ports", port["id"])
    net.drop("networks", network["id"])
    assert net.list("ports") == net.list("subnets") == []


def test_bad_bodies_name_the_field(cloud: Any, net: Any) -> None:
    def post(body: Any) -> Any:
        return cloud.post(f"{V2}/networks", json=body)

    assert "'nonsense'" in net.refused(post({"network": {"nonsense": 1}}), 400, "HTTPBadRequest")
    assert "name" in net.refused(post({"network": {"name": "x" * 256}}), 400, "HTTPBadRequest")
    assert "admin_state_up" in net.refused(post({"network": {"admin_state_up": "maybe"}}), 400, "HTTPBadRequest")
    net.refused(post({}), 400, "HTTPBadRequest")
    net.refused(post({"network": {}, "networks": [{}]}), 400, "HTTPBadRequest")
    net.refused(post({"network": []}), 400, "HTTPBadRequest")
    net.refused(cloud.post(f"{V2}/networks", body=b"{"), 400, "HTTPBadRequest")
    net.refused(cloud.post(f"{V2}/networks"), 400, "HTTPBadRequest")
    other = net.refused(post({"network": {"project_id": "2" * 32}}), 400, "HTTPBadRequest")
    assert "project_id" in other
    assert net.list("networks") == []
    # Numbers and flags as text are taken, as clients send them.
    assert net.make("networks", mtu="1300", admin_state_up="False")["mtu"] == 1300


def test_quota(cloud: Any, net: Any) -> None:
    cloud.put(f"{V2}/quotas/{'1' * 32}", as_="admin", json={"quota": {"network": 1}})
    net.make("networks")
    message = net.refused(cloud.post(f"{V2}/networks", json={"network": {}}), 409, "OverQuota")
    assert message == "Quota exceeded for resources: ['network']."


def test_a_revision_may_be_demanded(cloud: Any, net: Any) -> None:
    network = net.make("networks")
    path = f"{V2}/networks/{network['id']}"
    change = {"network": {"name": "x"}}
    headers = {"If-Match": "revision_number=-1"}
    net.refused(cloud.put(path, json=change, headers=headers), 412, "RevisionNumberConstraintFailed")
    net.refused(cloud.delete(path, headers=headers), 412, "RevisionNumberConstraintFailed")
    assert cloud.put(path, json=change, headers={"If-Match": "revision_number=0"}).status_code == 200


def test_mtu_fits_the_subnets(cloud: Any, net: Any) -> None:
    four, six = net.network("10.0.0.0/24", mtu=1000), net.network("fd00::/64", mtu=1280)
    small = net.make("networks", mtu=1000)
    body = {"network_id": small["id"], "ip_version": 6, "cidr": "fd01::/64"}
    net.refused(cloud.post(f"{V2}/subnets", json={"subnet": body}), 409, "NetworkMTUSubnetConflict")
    for network, mtu in ((four, 67), (six, 1279)):
        change = {"network": {"mtu": mtu}}
        net.refused(cloud.put(f"{V2}/networks/{network['id']}", json=change), 409, "NetworkMTUSubnetConflict")
    assert net.set("networks", four["id"], mtu=0)["mtu"] == 1442


def test_many_may_each_be_named(cloud: Any, net: Any) -> None:
    made = cloud.post(f"{V2}/networks", json={"networks": [{"network": {"name": "a"}}, {"network": {"name": "b"}}]})
    assert [network["name"] for network in made.json["networks"]] == ["a", "b"]


def test_one_default_external_network(cloud: Any, net: Any) -> None:
    first = net.external()
    net.set("networks", first["id"], as_="admin", is_default=True)
    body = {"network": {"router:external": True, "is_default": True}}
    net.refused(cloud.post(f"{V2}/networks", as_="admin", json=body), 409, "DefaultExternalNetworkExists")


def test_who_may(cloud: Any) -> None:
    assert cloud.get(f"{V2}/networks", as_=None).status_code == 401
    assert cloud.get(f"{V2}/networks", as_="roleless").status_code == 403
    assert cloud.post(f"{V2}/networks", as_="reader", json={"network": {}}).status_code == 403
    assert cloud.get(f"{V2}/nonsense").json["NeutronError"]["type"] == "HTTPNotFound"
    assert cloud.get(f"{V2}/rbac-policies").status_code == 404


def test_the_system_admin_names_a_project(cloud: Any, net: Any) -> None:
    net.refused(cloud.post(f"{V2}/networks", as_="system", json={"network": {}}), 400, "HTTPBadRequest")
    made = net.make("networks", as_="system", project_id="2" * 32)
    assert net.list("networks", as_="other")[0]["id"] == made["id"]
