"""Security groups of servers, through their ports."""

from tests.cloud import OTHER_PROJECT
from tests.services.compute.world import SERVERS, World

GROUPS = "/network/v2.0/security-groups"


def test_in_and_out_of_a_group(world: World) -> None:
    made = world.cloud.post(GROUPS, json={"security_group": {"name": "web"}}).json["security_group"]
    server_id = world.boot()
    assert [each["name"] for each in world.show(server_id)["security_groups"]] == ["default"]
    assert world.act(server_id, "addSecurityGroup", {"name": "web"}).status_code == 202
    assert {each["name"] for each in world.show(server_id)["security_groups"]} == {"default", "web"}
    listed = world.cloud.get(f"{SERVERS}/{server_id}/os-security-groups").json["security_groups"]
    default = next(each for each in listed if each["name"] == "default")
    assert {rule["group"].get("name") for rule in default["rules"]} == {"default"}
    world.cloud.settle()
    assert world.cloud.audit() == []
    assert world.act(server_id, "removeSecurityGroup", {"name": made["id"]}).status_code == 202
    assert [each["name"] for each in world.show(server_id)["security_groups"]] == ["default"]
    assert world.act(server_id, "removeSecurityGroup", {"name": "web"}).status_code == 404
    assert world.act(server_id, "addSecurityGroup", {"name": "none"}).status_code == 404
    assert world.act(server_id, "addSecurityGroup", {"name": ""}).status_code == 400
    world.nothing_is_left()


def test_an_admin_names_groups_of_the_servers_project(world: World) -> None:
    mine = world.cloud.post(GROUPS, as_="other", json={"security_group": {"name": "web"}}).json["security_group"]["id"]
    network = world.cloud.post("/network/v2.0/networks", as_="other", json={"network": {"name": "theirs"}}).json[
        "network"
    ]
    subnet = {"network_id": network["id"], "cidr": "10.9.0.0/24", "ip_version": 4}
    world.cloud.post("/network/v2.0/subnets", as_="other", json={"subnet": subnet})
    server_id = world.ask(as_="other", networks=[{"uuid": network["id"]}]).json["server"]["id"]
    world.cloud.settle()

    def groups() -> set[str]:
        shown = world.cloud.get(f"{SERVERS}/{server_id}/os-security-groups", as_="other").json["security_groups"]
        assert {each["tenant_id"] for each in shown} <= {OTHER_PROJECT}
        return {each["name"] for each in shown}

    for name in ("web", mine):
        assert world.act(server_id, "addSecurityGroup", {"name": name}, as_="admin").status_code == 202
        assert groups() == {"default", "web"}
        assert world.act(server_id, "removeSecurityGroup", {"name": name}, as_="admin").status_code == 202
        assert groups() == {"default"}
    assert world.act(server_id, "removeSecurityGroup", {"name": "default"}, as_="admin").status_code == 202
    assert groups() == set()
    world.nothing_is_left()
