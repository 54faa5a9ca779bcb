"""The whole life of servers, and every filter of their lists, on SQLite and PostgreSQL."""

from functools import partial

from tests.services.compute.several import add_hosts
from tests.services.compute.world import LATEST, SERVERS, World
from tests.waits import at_once


def test_made_listed_changed_and_deleted(world_on_each_database: World) -> None:
    world = world_on_each_database
    one = world.boot("one", tags=["a"], metadata={"x": "y"})
    mapping = [{
        "boot_index": 0, "uuid": world.image, "source_type": "image", "destination_type": "volume", "volume_size": 1,
        "delete_on_termination": True,
    }]  # fmt: skip
    two = world.boot("two", imageRef=None, block_device_mapping_v2=mapping)
    filters = {
        "name": "^o", "status": "ACTIVE", "image": world.image, "flavor": "1", "ip": "10", "tags": "a",
        "not-tags-any": "b", "locked": "false", "config_drive": "false", "vm_state": "active", "power_state": "1",
        "changes-since": "2020-01-01T00:00:00Z", "changes-before": "2100-01-01T00:00:00Z", "task_state": "",
    }  # fmt: skip
    del filters["task_state"]
    found = world.cloud.get(f"{SERVERS}/detail", version=LATEST, params=filters)
    assert [server["id"] for server in found.json["servers"]] == [one], found.text
    pages = []
    marker = None
    for _ in range(2):
        params = {"limit": 1, "sort_key": "launched_at", "sort_dir": "asc", **({"marker": marker} if marker else {})}
        (server,) = world.cloud.get(SERVERS, params=params).json["servers"]
        marker = server["id"]
        pages.append(marker)
    assert pages == [one, two]
    world.act(one, "os-stop")
    world.act(two, "pause")
    world.cloud.settle()
    world.cloud.sweep()
    assert [world.show(each)["status"] for each in (one, two)] == ["SHUTOFF", "PAUSED"]
    assert world.cloud.audit() == []
    for each in (one, two):
        assert world.cloud.delete(f"{SERVERS}/{each}").status_code == 204
    world.nothing_is_left()
    assert world.cloud.get("/volume/v3/volumes").json["volumes"] == []


def test_requests_and_runners_side_by_side(world_on_each_database: World) -> None:
    world = world_on_each_database
    asked = [partial(world.ask, f"t{n}") for n in range(6)]
    answers = at_once([*asked, *[world.cloud.settle] * 2])
    assert [answer.status_code for answer in answers[:6]] == [202] * 6
    world.cloud.settle()
    listed = world.cloud.get(f"{SERVERS}/detail").json["servers"]
    assert [each["status"] for each in listed] == ["ACTIVE"] * 6
    assert len({each["addresses"]["private"][0]["addr"] for each in listed}) == 6
    for each in listed:
        world.cloud.delete(f"{SERVERS}/{each['id']}")
    world.nothing_is_left()


def test_members_of_a_group_that_start_side_by_side(world_on_each_database: World) -> None:
    """Several runners choose hosts at once. No two servers of the group may get the same one."""
    world = world_on_each_database
    add_hosts(world.cloud, "host-2", "host-3")
    asked = {"server_group": {"name": "apart", "policy": "anti-affinity"}}
    made = world.cloud.post("/compute/v2.1/os-server-groups", version=LATEST, json=asked).json["server_group"]
    body = {**world.body(min_count=5), "os:scheduler_hints": {"group": made["id"]}}
    assert world.cloud.post(SERVERS, version=LATEST, json=body).status_code == 202
    at_once([world.cloud.settle] * 3)
    world.cloud.settle()
    listed = world.cloud.get(f"{SERVERS}/detail", as_="admin").json["servers"]
    hosts = sorted(each["OS-EXT-SRV-ATTR:host"] for each in listed if each["status"] == "ACTIVE")
    assert hosts == ["host-1", "host-2", "host-3"]
    assert sum(each["status"] == "ERROR" for each in listed) == 2
