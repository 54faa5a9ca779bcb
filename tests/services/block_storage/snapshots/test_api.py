"""Snapshots through the API, and the results of failing steps."""

from typing import Any

import pytest

from tests.services.block_storage.world import NEWEST, V3, act, differences, fake, make, messages, show, snap

NOWHERE = "5b1f8e1c-0000-4000-8000-000000000000"


def see(cloud: Any, snapshot_id: str, version: str = NEWEST, as_: str = "member") -> Any:
    found = cloud.get(f"{V3}/snapshots/{snapshot_id}", version=version, as_=as_)
    return found.json["snapshot"] if found.status_code == 200 else None


def test_from_birth_to_death(cloud: Any) -> None:
    volume_id = make(cloud, size=2)
    body = {"snapshot": {"volume_id": volume_id, "name": "n", "description": "d", "metadata": {"a": "b"}}}
    made = cloud.post(f"{V3}/snapshots", json=body)
    assert made.status_code == 202 and made.json["snapshot"]["status"] == "creating"
    cloud.settle()
    snapshot_id = made.json["snapshot"]["id"]
    snapshot = see(cloud, snapshot_id)
    assert (snapshot["status"], snapshot["size"], snapshot["volume_id"]) == ("available", 2, volume_id)
    assert snapshot["os-extended-snapshot-attributes:progress"] == "100%" and snapshot["metadata"] == {"a": "b"}
    assert fake(cloud).inventory().snapshots == [snapshot_id] and differences(cloud) == []
    changed = cloud.put(f"{V3}/snapshots/{snapshot_id}", json={"snapshot": {"name": "m"}}).json["snapshot"]
    assert (changed["name"], changed["description"]) == ("m", "d")
    assert cloud.get(f"{V3}/snapshots/{snapshot_id}/metadata").json == {"metadata": {"a": "b"}}
    assert cloud.put(f"{V3}/snapshots/{snapshot_id}/metadata", json={"metadata": {"c": "d"}}).status_code == 200
    assert see(cloud, snapshot_id)["metadata"] == {"c": "d"} and see(cloud, snapshot_id, as_="other") is None
    refused = cloud.delete(f"{V3}/volumes/{volume_id}")
    assert refused.status_code == 400 and "dependent snapshots" in refused.json["badRequest"]["message"]
    assert cloud.delete(f"{V3}/snapshots/{snapshot_id}", as_="other").status_code == 404
    assert cloud.delete(f"{V3}/snapshots/{snapshot_id}").status_code == 202
    assert see(cloud, snapshot_id)["status"] == "deleting"
    cloud.settle()
    assert see(cloud, snapshot_id) is None and fake(cloud).inventory().snapshots == []
    assert cloud.delete(f"{V3}/volumes/{volume_id}").status_code == 202


def test_a_volume_goes_with_its_snapshots(cloud: Any) -> None:
    volume_id = make(cloud)
    snap(cloud, volume_id), snap(cloud, volume_id, settle=False)
    assert cloud.delete(f"{V3}/volumes/{volume_id}?cascade=true").status_code == 202
    listed = cloud.get(f"{V3}/snapshots/detail").json["snapshots"]
    assert [each["status"] for each in listed] == ["deleting", "deleting"]
    assert cloud.delete(f"{V3}/snapshots/{listed[0]['id']}").status_code == 202
    cloud.settle()
    assert show(cloud, volume_id) is None and cloud.get(f"{V3}/snapshots").json == {"snapshots": []}
    assert fake(cloud).inventory().snapshots == fake(cloud).inventory().volumes == [] == differences(cloud)


def test_of_a_volume_in_use_by_version(cloud: Any) -> None:
    volume_id = make(cloud)
    act(cloud, volume_id, "os-attach", {"host_name": "h"})

    def ask(version: str, **fields: Any) -> int:
        body = {"snapshot": {"volume_id": volume_id, **fields}}
        return int(cloud.post(f"{V3}/snapshots", version=version, json=body).status_code)

    assert ask("3.65") == 400 and ask("3.65", force=True) == 202 and ask("3.65", force="maybe") == 400
    assert ask("3.66") == 202 and ask("3.66", force=True) == 202 and ask("3.66", force=False) == 400
    assert ask("3.66", volume_id=NOWHERE) == 404 == ask("3.66", volume_id=None)
    assert cloud.post(f"{V3}/snapshots", json={"snapshot": {"name": "of nothing"}}).status_code == 400


@pytest.mark.parametrize(
    ("version", "field"), [("3.14", "group_snapshot_id"), ("3.41", "user_id"), ("3.65", "consumes_quota")]
)
def test_fields_by_version(cloud: Any, version: str, field: str) -> None:
    snapshot_id = snap(cloud, make(cloud))
    before = f"3.{int(version.partition('.')[2]) - 1}"
    assert field not in see(cloud, snapshot_id, before) and field in see(cloud, snapshot_id, version)


def test_one_that_cannot_be_made_leaves_nothing(cloud: Any) -> None:
    volume_id = make(cloud)
    fake(cloud).fail_next("snapshot", "the disk is full")
    snapshot_id = snap(cloud, volume_id)
    assert see(cloud, snapshot_id)["status"] == "error"
    assert messages(cloud, snapshot_id) == ["create snapshot: the disk is full"]
    assert fake(cloud).inventory().snapshots == [] == differences(cloud)
    fake(cloud).fail_next("delete_snapshot")
    assert cloud.delete(f"{V3}/snapshots/{snapshot_id}").status_code == 202
    cloud.settle()
    assert see(cloud, snapshot_id) is None and show(cloud, volume_id)["status"] == "available"


def test_deleted_while_it_is_being_made(cloud: Any) -> None:
    volume_id = make(cloud)
    snapshot_id = snap(cloud, volume_id, settle=False)
    assert cloud.delete(f"{V3}/snapshots/{snapshot_id}").status_code == 202
    assert cloud.delete(f"{V3}/snapshots/{snapshot_id}").status_code == 202
    cloud.settle()
    assert see(cloud, snapshot_id) is None and fake(cloud).inventory().snapshots == [] == differences(cloud)


def test_what_is_being_copied_stays_until_it_is_copied(cloud: Any) -> None:
    volume_id = make(cloud)
    snapshot_id = snap(cloud, volume_id)
    make(cloud, settle=False, snapshot_id=snapshot_id)
    assert cloud.delete(f"{V3}/snapshots/{snapshot_id}").status_code == 400
    assert cloud.delete(f"{V3}/volumes/{volume_id}?cascade=true").status_code == 400
    other = make(cloud)
    make(cloud, settle=False, source_volid=other)
    assert cloud.delete(f"{V3}/volumes/{other}").status_code == 400
    cloud.settle()
    assert cloud.delete(f"{V3}/volumes/{other}").status_code == 202
    assert cloud.delete(f"{V3}/snapshots/{snapshot_id}").status_code == 202


def test_members_say_what_became_of_one_that_is_made_or_removed_from_outside(cloud: Any) -> None:
    snapshot_id = snap(cloud, make(cloud))
    path = f"{V3}/snapshots/{snapshot_id}/action"

    def say(status: str, as_: str = "member") -> int:
        body = {"os-update_snapshot_status": {"status": status, "progress": "80%"}}
        return int(cloud.post(path, as_=as_, json=body).status_code)

    assert say("error") == 400 and see(cloud, snapshot_id)["status"] == "available"
    for now, wrong, right in (("creating", "deleting", "error"), ("deleting", "available", "error_deleting")):
        assert cloud.post(path, as_="admin", json={"os-reset_status": {"status": now}}).status_code == 202
        assert say(right, "reader") == 403 and say(right, "other") == 404
        assert say(wrong) == 400 and see(cloud, snapshot_id)["status"] == now
        assert say(right) == 202 and see(cloud, snapshot_id)["status"] == right
        assert see(cloud, snapshot_id)["os-extended-snapshot-attributes:progress"] == "80%"


def test_the_quota_and_the_admin(cloud: Any) -> None:
    from kumoi.kernel import quotas
    from tests.cloud import PROJECT

    volume_id = make(cloud)
    cloud.database.write(lambda tx: quotas.set_limit(tx, "block_storage", "snapshots", PROJECT, 1))
    snapshot_id = snap(cloud, volume_id)
    refused = cloud.post(f"{V3}/snapshots", json={"snapshot": {"volume_id": volume_id}})
    assert refused.status_code == 413 and refused.json["overLimit"]["retryAfter"] == "0"
    path = f"{V3}/snapshots/{snapshot_id}/action"
    assert cloud.post(path, json={"os-reset_status": {"status": "error"}}).status_code == 403
    assert cloud.post(path, as_="admin", json={"os-reset_status": {"status": "error"}}).status_code == 202
    assert see(cloud, snapshot_id)["status"] == "error"
    assert cloud.post(path, as_="admin", json={"os-reset_status": {"status": "blue"}}).status_code == 400
    assert cloud.post(path, as_="admin", json={"os-force_delete": {}}).status_code == 202
    cloud.settle()
    assert see(cloud, snapshot_id) is None
    listed = cloud.get(f"{V3}/snapshots?limit=0&with_count=1", version="3.45").json
    assert listed == {"snapshots": [], "count": 0}
