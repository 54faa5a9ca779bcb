"""Metadata, tags, addresses and actions of servers."""

from kumoi.engines.hypervisor.fake import FakeHypervisor
from tests.services.compute.world import LATEST, SERVERS, World


def test_metadata_reaches_the_guest(world: World) -> None:
    server_id = world.boot(metadata={"a": "1"})
    path = f"{SERVERS}/{server_id}/metadata"
    assert world.cloud.get(path).json == {"metadata": {"a": "1"}}
    assert world.cloud.post(path, json={"metadata": {"b": "2"}}).json == {"metadata": {"a": "1", "b": "2"}}
    world.cloud.settle()
    assert world.cloud.engines[FakeHypervisor].spec(server_id).metadata.meta == {"a": "1", "b": "2"}
    assert world.cloud.put(f"{path}/c", json={"meta": {"c": "3"}}).json == {"meta": {"c": "3"}}
    assert world.cloud.put(f"{path}/c", json={"meta": {"d": "3"}}).status_code == 400
    assert world.cloud.put(f"{path}/c", json={"meta": {"c": "3", "d": "4"}}).status_code == 400
    assert world.cloud.get(f"{path}/c").json == {"meta": {"c": "3"}}
    assert world.cloud.delete(f"{path}/c").status_code == 204
    assert world.cloud.delete(f"{path}/c").status_code == 404
    assert world.cloud.put(path, json={"metadata": {"z": "9"}}).json == {"metadata": {"z": "9"}}
    assert world.cloud.put(path, json={"metadata": {"z": "9" * 256}}).status_code == 400
    assert world.cloud.put(path, json={"metadata": {str(n): "" for n in range(129)}}).status_code == 403
    assert world.cloud.put(path, as_="reader", json={"metadata": {}}).status_code == 403
    assert world.cloud.get(path, as_="other").status_code == 404
    world.nothing_is_left()


def test_a_new_name_reaches_the_guest(world: World) -> None:
    server_id = world.boot()
    changed = world.cloud.put(f"{SERVERS}/{server_id}", version="2.74", json={"server": {"name": " two "}})
    assert changed.status_code == 200 and changed.json["server"]["name"] == "two"
    assert "OS-EXT-STS:vm_state" not in changed.json["server"]
    changed = world.cloud.put(
        f"{SERVERS}/{server_id}", version=LATEST, json={"server": {"description": "d", "hostname": "new-host"}}
    )
    assert changed.json["server"]["OS-EXT-STS:vm_state"] == "active"
    world.cloud.settle()
    read = world.cloud.engines[FakeHypervisor].spec(server_id).metadata
    assert (read.name, read.hostname) == ("two", "new-host")
    for wrong in ({"name": "  "}, {"nome": "x"}, {"accessIPv4": "nonsense"}, {"hostname": "not a host"}):
        assert world.cloud.put(f"{SERVERS}/{server_id}", version=LATEST, json={"server": wrong}).status_code == 400


def test_tags(world: World) -> None:
    server_id = world.boot(tags=["b", "a"])
    path = f"{SERVERS}/{server_id}/tags"
    assert world.cloud.get(path, version="2.25").status_code == 404
    assert world.cloud.get(path, version="2.26").json == {"tags": ["a", "b"]}
    assert world.cloud.put(f"{path}/c", version=LATEST).status_code == 201
    assert world.cloud.put(f"{path}/c", version=LATEST).status_code == 204
    assert world.cloud.get(f"{path}/c", version=LATEST).status_code == 204
    assert world.cloud.delete(f"{path}/c", version=LATEST).status_code == 204
    assert world.cloud.get(f"{path}/c", version=LATEST).status_code == 404
    assert world.cloud.put(path, version=LATEST, json={"tags": ["x"]}).json == {"tags": ["x"]}
    assert world.cloud.put(path, version=LATEST, json={"tags": ["x,y"]}).status_code == 400
    assert world.cloud.put(path, version=LATEST, json={"tags": [str(n) for n in range(51)]}).status_code == 400
    assert world.show(server_id)["tags"] == ["x"]
    assert world.cloud.delete(path, version=LATEST).status_code == 204
    assert world.show(server_id)["tags"] == []


def test_no_guest_leaves_a_password(world: World) -> None:
    path = f"{SERVERS}/{world.boot()}/os-server-password"
    assert world.cloud.get(path).json == {"password": ""}
    assert world.cloud.delete(path).status_code == 204
    assert world.cloud.get(path, as_="other").status_code == 404


def test_addresses(world: World) -> None:
    server_id = world.boot()
    (address,) = world.cloud.get(f"{SERVERS}/{server_id}/ips").json["addresses"]["private"]
    assert address["version"] == 4 and address["addr"].startswith("10.0.")
    assert world.cloud.get(f"{SERVERS}/{server_id}/ips/private").json == {"private": [address]}
    assert world.cloud.get(f"{SERVERS}/{server_id}/ips/none").status_code == 404


def test_actions_tell_what_was_done(world: World) -> None:
    server_id = world.boot()
    stopped = world.act(server_id, "os-stop")
    world.cloud.settle()
    path = f"{SERVERS}/{server_id}/os-instance-actions"
    listed = world.cloud.get(path, version=LATEST).json["instanceActions"]
    assert [each["action"] for each in listed] == ["stop", "create"] and "updated_at" in listed[0]
    assert "updated_at" not in world.cloud.get(path, version="2.57").json["instanceActions"][0]
    request_id = stopped.headers["x-openstack-request-id"]
    assert listed[0]["request_id"] == request_id
    shown = world.cloud.get(f"{path}/{request_id}", version=LATEST).json["instanceAction"]
    assert [(each["event"], each["result"]) for each in shown["events"]] == [("compute_shut_down", "Success")]
    assert "host" not in shown["events"][0] and shown["events"][0]["hostId"]
    assert "events" not in world.cloud.get(f"{path}/{request_id}", version="2.50").json["instanceAction"]
    by_admin = world.cloud.get(f"{path}/{request_id}", version="2.62", as_="admin").json["instanceAction"]
    assert by_admin["events"][0]["host"] == "host-1" and "details" not in by_admin["events"][0]
    page = world.cloud.get(path, version="2.58", params={"limit": 1}).json
    assert len(page["instanceActions"]) == 1 and page["links"][0]["rel"] == "next"
    rest = world.cloud.get(path, version="2.58", params={"marker": request_id}).json["instanceActions"]
    assert [each["action"] for each in rest] == ["create"]
    assert world.cloud.get(f"{path}/req-none", version=LATEST).status_code == 404
    world.cloud.delete(f"{SERVERS}/{server_id}")
    world.cloud.settle()
    assert world.cloud.get(path, version="2.20").status_code == 404
    after = world.cloud.get(path, version="2.21").json["instanceActions"]
    assert [each["action"] for each in after] == ["delete", "stop", "create"]
