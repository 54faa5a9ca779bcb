"""What versions after 2.96 changed, and replies to updates."""

import json
from typing import Any

import pytest

from kumoi.services.block_storage import bootstrap
from tests.services.compute.several import add_hosts
from tests.services.compute.world import SERVERS, World

NEWEST = "2.104"
FLAVORS = "/compute/v2.1/flavors"


def test_the_properties_of_the_image(world: World) -> None:
    changes = json.dumps([{"op": "add", "path": "/os_distro", "value": "debian"}])
    headers = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    path = f"/image/v2/images/{world.image}"
    assert world.cloud.patch(path, as_="admin", body=changes, headers=headers).status_code == 200
    server_id = world.boot()
    assert "properties" not in world.show(server_id, version="2.97")["image"]
    assert world.show(server_id, version="2.98")["image"]["properties"] == {"os_distro": "debian"}
    assert world.cloud.delete(path, as_="admin").status_code == 204
    listed = world.cloud.get(f"{SERVERS}/detail", version="2.98").json["servers"]
    assert listed[0]["image"]["properties"] == {"os_distro": "debian"}, "kept with the server"


def test_the_hints_are_shown_as_they_were_sent(world: World) -> None:
    other = world.boot()
    hints = {"same_host": other, "unknown": "x"}
    made = world.cloud.post(SERVERS, version=NEWEST, json={**world.body("two"), "os:scheduler_hints": hints})
    world.cloud.settle()
    shown = world.show(made.json["server"]["id"], version="2.100")
    assert (shown["status"], shown["scheduler_hints"]) == ("ACTIVE", hints)
    assert "scheduler_hints" not in world.show(other, version="2.99")
    assert world.show(other, version="2.100")["scheduler_hints"] == {}


def test_attaching_a_volume_has_no_body(world: World) -> None:
    world.cloud.database.write(lambda tx: bootstrap.bootstrap(tx, world.cloud.settings, {}))
    server_id = world.boot()
    path = f"{SERVERS}/{server_id}/os-volume_attachments"
    for version, status in (("2.100", 200), ("2.101", 202)):
        volume = world.cloud.post("/volume/v3/volumes", json={"volume": {"size": 1}}).json["volume"]["id"]
        world.cloud.settle()
        attached = world.cloud.post(path, version=version, json={"volumeAttachment": {"volumeId": volume}})
        assert (attached.status_code, attached.text == "") == (status, status == 202)
        world.cloud.settle()
        assert world.cloud.get(f"{path}/{volume}").status_code == 200


def test_flavors_by_name(world: World) -> None:
    def names(query: str, version: str = NEWEST) -> list[str]:
        found = world.cloud.get(f"{FLAVORS}?{query}", version=version)
        assert found.status_code == 200, found.text
        return [flavor["name"] for flavor in found.json["flavors"]]

    assert names("name=tiny") == ["m1.tiny"] and len(names("name=^m1")) == 4 and names("name=x$") == []
    assert world.cloud.get(f"{FLAVORS}?name=tiny", version="2.101").status_code == 400
    assert world.cloud.get(f"{FLAVORS}?name=(", version=NEWEST).status_code == 400
    old, new = (set(world.cloud.get(f"{FLAVORS}/1", version=v).json["flavor"]) for v in ("2.101", "2.102"))
    assert old - new == {"rxtx_factor", "OS-FLV-DISABLED:disabled"} and new <= old
    flavor = {"name": "n", "vcpus": 1, "ram": 1, "disk": 1, "rxtx_factor": 2.0}
    assert world.cloud.post(FLAVORS, as_="admin", version="2.102", json={"flavor": flavor}).status_code == 400
    assert world.cloud.post(FLAVORS, as_="admin", version="2.101", json={"flavor": flavor}).status_code == 200


def test_no_route_takes_undeclared_parameters(world: World) -> None:
    for path in (f"{FLAVORS}/1", "/compute/v2.1/os-availability-zone", "/compute/v2.1/os-networks"):
        for version, status in (("2.35", 200), ("2.101", 200), ("2.102", 400)):
            if path.endswith("networks") and version != "2.35":
                continue
            asked = world.cloud.get(f"{path}?x=1", version=version)
            assert asked.status_code == status, (path, version)


def test_os_volumes_boot_is_gone(world: World) -> None:
    for version, status in (("2.102", 200), ("2.103", 404)):
        assert world.cloud.get("/compute/v2.1/os-volumes_boot", version=version).status_code == status


def test_a_server_is_unpinned_and_pinned_again(world: World) -> None:
    add_hosts(world.cloud, "host-2")
    made = {"name": "east", "availability_zone": "east"}
    aggregate = world.cloud.post("/compute/v2.1/os-aggregates", as_="admin", json={"aggregate": made}).json["aggregate"]
    action = f"/compute/v2.1/os-aggregates/{aggregate['id']}/action"
    assert world.cloud.post(action, as_="admin", json={"add_host": {"host": "host-2"}}).status_code == 200
    server_id = world.boot(availability_zone="east")

    def pin(zone: Any, version: str = NEWEST) -> Any:
        body = {"server": {"pinned_availability_zone": zone}}
        return world.cloud.put(f"{SERVERS}/{server_id}", version=version, json=body)

    assert pin(None, "2.103").status_code == 400
    assert pin("nova").status_code == 409, "it must be unpinned first"
    for zone in ("east", None, None, "east"):
        changed = pin(zone)
        assert (changed.status_code, changed.json["server"]["pinned_availability_zone"]) == (200, zone)
        assert world.show(server_id)["pinned_availability_zone"] == zone
    assert pin(None).status_code == 200 and pin("nova").status_code == 409


@pytest.mark.parametrize("zone", ["", 7])
def test_zones_that_are_none(world: World, zone: Any) -> None:
    body = {"server": {"pinned_availability_zone": zone}}
    assert world.cloud.put(f"{SERVERS}/{world.boot()}", version=NEWEST, json=body).status_code == 400


def test_addresses_in_the_reply_to_an_update(world: World) -> None:
    server_id = world.boot()

    def fields(version: str) -> set[str]:
        changed = world.cloud.put(f"{SERVERS}/{server_id}", version=version, json={"server": {"name": "n"}})
        assert changed.status_code == 200, changed.text
        return set(changed.json["server"]["addresses"]["private"][0])

    assert fields("2.74") == {"addr", "version"}
    assert fields("2.75") == {"addr", "version", "OS-EXT-IPS:type", "OS-EXT-IPS-MAC:mac_addr"}
