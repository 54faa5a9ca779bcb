"""Groups, their types and their snapshots."""

from typing import Any

import pytest

from tests.services.block_storage.groups.example import example, with_a_volume
from tests.services.block_storage.world import NEWEST, V3, act, differences, fake, make, show, snap


def ask(cloud: Any, method: str, path: str, body: Any = None, **how: Any) -> Any:
    return cloud.call(method, f"{V3}{path}", **{"version": NEWEST, "json": body, **how})


def members(cloud: Any, group_id: str) -> list[str]:
    return list(ask(cloud, "GET", f"/groups/{group_id}?list_volume=true").json["group"]["volumes"])


def refused(answer: Any, word: str) -> None:
    assert answer.status_code == 400 and word in answer.text, answer.text


def test_types(cloud: Any) -> None:
    body = {"group_type": {"name": "fast", "group_specs": {"a": "b"}, "is_public": False}}
    made = ask(cloud, "POST", "/group_types", body, as_="admin")
    assert (made.status_code, made.json["group_type"]["group_specs"]) == (202, {"a": "b"})
    path = f"/group_types/{made.json['group_type']['id']}"
    assert ask(cloud, "POST", "/group_types", body, as_="admin").status_code == 409
    assert ask(cloud, "POST", "/group_types", body).status_code == 403
    assert ask(cloud, "GET", path).status_code == 404, "it is private"
    assert ask(cloud, "GET", "/group_types", version="3.10").status_code == 404
    assert ask(cloud, "GET", "/group_types/default").status_code == 404
    assert ask(cloud, "PUT", path, {"group_type": {"is_public": True}}, as_="admin").status_code == 200
    assert "group_specs" not in ask(cloud, "GET", path).json["group_type"]
    assert ask(cloud, "POST", f"{path}/group_specs", {"group_specs": {"c": "d"}}, as_="admin").status_code == 202
    assert ask(cloud, "PUT", f"{path}/group_specs/c", {"x": "y"}, as_="admin").status_code == 400
    assert ask(cloud, "DELETE", f"{path}/group_specs/a", as_="admin").status_code == 202
    assert ask(cloud, "GET", f"{path}/group_specs", as_="admin").json == {"group_specs": {"c": "d"}}
    assert ask(cloud, "GET", f"{path}/group_specs/a", as_="admin").status_code == 404
    assert ask(cloud, "DELETE", path, as_="admin").status_code == 202


def test_members(cloud: Any) -> None:
    group_id = with_a_volume(cloud)
    (first,) = members(cloud, group_id)
    assert show(cloud, first)["group_id"] == group_id
    refused(cloud.delete(f"{V3}/volumes/{first}"), group_id)
    refused(ask(cloud, "POST", "/volume-transfers", {"transfer": {"volume_id": first}}), group_id)
    second = make(cloud)
    path = f"/groups/{group_id}"
    refused(ask(cloud, "PUT", path, {"group": {}}), "must be given")
    refused(ask(cloud, "PUT", path, {"group": {"remove_volumes": second}}), "not in it")
    refused(ask(cloud, "PUT", path, {"group": {"add_volumes": second, "remove_volumes": second}}), second)
    changed = {"name": "n", "add_volumes": f"{second}, ", "remove_volumes": first}
    assert ask(cloud, "PUT", path, {"group": changed}).status_code == 202
    assert members(cloud, group_id) == [second]
    listed = ask(cloud, "GET", f"/volumes?group_id={group_id}").json["volumes"]
    assert [each["id"] for each in listed] == [second]
    assert ask(cloud, "GET", path, as_="other").status_code == 404
    other = cloud.post(f"{V3}/types", as_="admin", json={"volume_type": {"name": "else"}}).json["volume_type"]
    body = {"volume": {"size": 1, "volume_type": other["id"], "group_id": group_id}}
    refused(ask(cloud, "POST", "/volumes", body), "types of group")
    assert differences(cloud) == []


def test_its_end(cloud: Any) -> None:
    group_id = with_a_volume(cloud)
    (volume_id,) = members(cloud, group_id)
    action = f"/groups/{group_id}/action"
    refused(ask(cloud, "POST", action, {"delete": {}}), "delete-volumes")
    snapshot_id = snap(cloud, volume_id)
    refused(ask(cloud, "POST", action, {"delete": {"delete-volumes": True}}), "snapshots")
    assert show(cloud, volume_id)["group_id"] == group_id
    cloud.delete(f"{V3}/snapshots/{snapshot_id}")
    cloud.settle()
    assert ask(cloud, "POST", action, {"delete": {"delete-volumes": True}}).status_code == 202
    cloud.settle()
    assert show(cloud, volume_id) is None and ask(cloud, "GET", f"/groups/{group_id}").status_code == 404
    usage = cloud.get(f"{V3}/os-quota-sets/{'1' * 32}?usage=true").json["quota_set"]
    assert usage["groups"]["in_use"] == 0 and differences(cloud) == []


@pytest.mark.parametrize("of", ["group", "snapshot"])
def test_one_of_another(cloud: Any, of: str) -> None:
    group_id = with_a_volume(cloud)
    source = {"source_group_id": group_id}
    if of == "snapshot":
        made = ask(cloud, "POST", "/group_snapshots", {"group_snapshot": {"group_id": group_id}})
        cloud.settle()
        source = {"group_snapshot_id": made.json["group_snapshot"]["id"]}
    refused(ask(cloud, "POST", "/groups/action", {"create-from-src": {"name": "x"}}), "one of")
    made = ask(cloud, "POST", "/groups/action", {"create-from-src": {"name": "x", **source}})
    assert made.status_code == 202, made.text
    cloud.settle()
    copy = made.json["group"]["id"]
    (volume_id,) = members(cloud, copy)
    assert show(cloud, volume_id)["status"] == "available"
    assert ask(cloud, "GET", f"/groups/{copy}").json["group"].items() >= source.items()
    assert differences(cloud) == []


def test_snapshots(cloud: Any) -> None:
    group_id = with_a_volume(cloud)
    (volume_id,) = members(cloud, group_id)
    made = ask(cloud, "POST", "/group_snapshots", {"group_snapshot": {"group_id": group_id, "name": "n"}})
    path = f"/group_snapshots/{made.json['group_snapshot']['id']}"
    assert ask(cloud, "GET", path).json["group_snapshot"]["status"] == "creating"
    refused(ask(cloud, "DELETE", path), "available or error")
    cloud.settle()
    assert ask(cloud, "GET", path).json["group_snapshot"]["status"] == "available"
    (part,) = ask(cloud, "GET", "/snapshots/detail").json["snapshots"]
    assert (part["volume_id"], part["group_snapshot_id"]) == (volume_id, made.json["group_snapshot"]["id"])
    refused(cloud.delete(f"{V3}/snapshots/{part['id']}"), "part of group snapshot")
    refused(ask(cloud, "POST", f"/groups/{group_id}/action", {"delete": {"delete-volumes": True}}), "group snapshot")
    reset = {"reset_status": {"status": "creating"}}
    assert ask(cloud, "POST", f"{path}/action", reset).status_code == 403
    assert ask(cloud, "POST", f"{path}/action", reset, as_="admin").status_code == 202
    assert ask(cloud, "GET", path).json["group_snapshot"]["status"] == "creating"
    ask(cloud, "POST", f"{path}/action", {"reset_status": {"status": "available"}}, as_="admin")
    assert ask(cloud, "DELETE", path).status_code == 202
    cloud.settle()
    assert ask(cloud, "GET", "/group_snapshots/detail").json["group_snapshots"] == []
    assert fake(cloud).inventory().snapshots == [] == differences(cloud)


def test_one_that_fails_is_in_error(cloud: Any) -> None:
    group_id = with_a_volume(cloud)
    fake(cloud).fail_next("snapshot")
    made = ask(cloud, "POST", "/group_snapshots", {"group_snapshot": {"group_id": group_id}}).json["group_snapshot"]
    cloud.settle()
    assert ask(cloud, "GET", f"/group_snapshots/{made['id']}").json["group_snapshot"]["status"] == "error"
    assert ask(cloud, "DELETE", f"/group_snapshots/{made['id']}").status_code == 202


def test_what_demands_one_instant_is_refused_while_a_server_writes(cloud: Any) -> None:
    group_id = with_a_volume(cloud)
    (volume_id,) = members(cloud, group_id)
    act(cloud, volume_id, "os-attach", {"instance_uuid": volume_id, "mountpoint": "/dev/vdb"})
    body = {"group_snapshot": {"group_id": group_id}}
    kind = ask(cloud, "GET", f"/groups/{group_id}").json["group"]["group_type"]
    specs = {"group_specs": {"consistent_group_snapshot_enabled": "<is> True"}}
    ask(cloud, "POST", f"/group_types/{kind}/group_specs", specs, as_="admin")
    refused(ask(cloud, "POST", "/group_snapshots", body), "one instant")
    specs = {"group_specs": {"consistent_group_snapshot_enabled": "<is> False"}}
    ask(cloud, "POST", f"/group_types/{kind}/group_specs", specs, as_="admin")
    assert ask(cloud, "POST", "/group_snapshots", body).status_code == 202


def test_an_empty_one_has_no_snapshot(cloud: Any) -> None:
    path, body = example(cloud)
    group_id = cloud.post(path, version=NEWEST, json=body).json["group"]["id"]
    refused(ask(cloud, "POST", "/group_snapshots", {"group_snapshot": {"group_id": group_id}}), "empty")
    refused(ask(cloud, "POST", "/groups/action", {"create-from-src": {"source_group_id": group_id}}), "no volumes")
    kind = body["group"]["group_type"]
    refused(ask(cloud, "DELETE", f"/group_types/{kind}", as_="admin"), "in use")
