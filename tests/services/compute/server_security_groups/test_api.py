"""Security groups of servers, through their ports."""

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
