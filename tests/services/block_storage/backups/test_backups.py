"""Backups: made, restored, built on each other, deleted, moved between records; and what fails on the way."""

import base64
import json
from typing import Any

import pytest

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.block_storage.backup_rows import store as backup_rows_store
from kumoi.services.block_storage.backups.operations import create as creations
from tests.cloud import CALLERS, OTHER_PROJECT
from tests.services.block_storage.world import NEWEST, V3, act, differences, fake, image, make, messages, show, snap


def back_up(cloud: Any, volume_id: str, *, settle: bool = True, as_: str = "member", **fields: Any) -> str:
    """The id of a new backup."""
    body = {"backup": {"volume_id": volume_id, **fields}}
    made = cloud.post(f"{V3}/backups", as_=as_, version=NEWEST, json=body)
    assert made.status_code == 202, made.text
    if settle:
        cloud.settle()
    return str(made.json["backup"]["id"])


def shown(cloud: Any, backup_id: str, **how: Any) -> Any:
    found = cloud.get(f"{V3}/backups/{backup_id}", **{"version": NEWEST, **how})
    return found.json["backup"] if found.status_code == 200 else None


def refused(answer: Any, word: str) -> None:
    assert answer.status_code == 400 and word in answer.json["badRequest"]["message"], answer.text


def test_a_life(cloud: Any) -> None:
    volume_id = make(cloud, imageRef=image(cloud), metadata={"a": "b"})
    backup_id = back_up(cloud, volume_id, settle=False, name="first", container="mine", metadata={"c": "d"})
    assert show(cloud, volume_id)["status"] == "backing-up" and shown(cloud, backup_id)["status"] == "creating"
    refused(cloud.delete(f"{V3}/volumes/{volume_id}"), "backing-up")
    refused(cloud.delete(f"{V3}/backups/{backup_id}"), "creating")
    cloud.settle()
    assert show(cloud, volume_id)["status"] == "available"
    backup = shown(cloud, backup_id, as_="reader")
    assert (backup["status"], backup["size"], backup["container"]) == ("available", 1, "mine")
    assert (backup["is_incremental"], backup["has_dependent_backups"]) == (False, False)
    assert backup["metadata"] == {"c": "d"} and backup["data_timestamp"] is not None
    assert "os-backup-project-attr:project_id" not in backup
    assert "os-backup-project-attr:project_id" in shown(cloud, backup_id, as_="admin")
    assert fake(cloud).inventory().snapshots == [] and fake(cloud).inventory().backups == [backup_id]
    assert cloud.delete(f"{V3}/volumes/{volume_id}").status_code == 202
    cloud.settle()
    restored = cloud.post(f"{V3}/backups/{backup_id}/restore", json={"restore": {"name": "again"}}).json["restore"]
    assert (restored["backup_id"], restored["volume_name"]) == (backup_id, "again")
    refused(cloud.delete(f"{V3}/backups/{backup_id}"), restored["volume_id"])
    cloud.settle()
    volume = show(cloud, restored["volume_id"])
    assert (volume["status"], volume["bootable"], volume["metadata"]) == ("available", "true", {"a": "b"})
    assert volume["volume_image_metadata"]["disk_format"] == "qcow2"
    assert cloud.delete(f"{V3}/backups/{backup_id}").status_code == 202
    cloud.settle()
    assert shown(cloud, backup_id) is None and fake(cloud).inventory().backups == [] == differences(cloud)


def test_the_order_of_a_chain(cloud: Any) -> None:
    volume_id = make(cloud)
    asked = {"backup": {"volume_id": volume_id, "incremental": True}}
    refused(cloud.post(f"{V3}/backups", json=asked), "No backups")
    full = back_up(cloud, volume_id)
    more = back_up(cloud, volume_id, incremental=True)
    assert shown(cloud, more)["is_incremental"] and shown(cloud, full)["has_dependent_backups"]
    refused(cloud.delete(f"{V3}/backups/{full}"), "Incremental backups exist")
    for backup_id in (more, full):
        assert cloud.delete(f"{V3}/backups/{backup_id}").status_code == 202
        cloud.settle()
    assert fake(cloud).inventory().backups == [] == differences(cloud)


def test_of_a_snapshot(cloud: Any) -> None:
    volume_id = make(cloud)
    full = back_up(cloud, volume_id)
    snapshot_id = snap(cloud, volume_id)
    newer = back_up(cloud, volume_id)
    backup_id = back_up(cloud, volume_id, snapshot_id=snapshot_id, incremental=True, settle=False)
    assert show(cloud, volume_id)["status"] == "available"
    refused(cloud.delete(f"{V3}/snapshots/{snapshot_id}"), backup_id)
    refused(cloud.delete(f"{V3}/volumes/{volume_id}?cascade=true"), backup_id)
    cloud.settle()
    assert shown(cloud, backup_id)["snapshot_id"] == snapshot_id
    assert shown(cloud, full)["has_dependent_backups"] and not shown(cloud, newer)["has_dependent_backups"]
    assert fake(cloud).inventory().snapshots == [snapshot_id] and differences(cloud) == []
    other = snap(cloud, make(cloud))
    asked = {"backup": {"volume_id": volume_id, "snapshot_id": other}}
    refused(cloud.post(f"{V3}/backups", json=asked), other)


def test_of_a_volume_in_use(cloud: Any) -> None:
    volume_id = make(cloud)
    act(cloud, volume_id, "os-attach", {"instance_uuid": volume_id, "mountpoint": "/dev/vdb"})
    refused(cloud.post(f"{V3}/backups", json={"backup": {"volume_id": volume_id}}), "in-use")
    backup_id = back_up(cloud, volume_id, force=True, settle=False)
    assert show(cloud, volume_id)["status"] == "backing-up"
    act(cloud, volume_id, "os-detach", {})
    cloud.settle()
    assert show(cloud, volume_id)["status"] == "available" and shown(cloud, backup_id)["status"] == "available"
    assert differences(cloud) == []


def test_over_an_existing_volume(cloud: Any) -> None:
    small, volume_id = make(cloud), make(cloud, size=2)
    backup_id = back_up(cloud, volume_id)
    path = f"{V3}/backups/{backup_id}/restore"
    refused(cloud.post(path, json={"restore": {"volume_id": small}}), "too small")
    large = make(cloud, size=3)
    assert cloud.post(path, json={"restore": {"volume_id": large}}).json["restore"]["volume_id"] == large
    assert show(cloud, large)["status"] == "restoring-backup" and shown(cloud, backup_id)["status"] == "restoring"
    refused(cloud.post(path, json={"restore": {"volume_id": volume_id}}), "restoring")
    cloud.settle()
    assert (show(cloud, large)["status"], show(cloud, large)["size"]) == ("available", 3)
    assert shown(cloud, backup_id)["status"] == "available" and differences(cloud) == []
    fake(cloud).fail_next("restore", "the disk is full")
    cloud.post(path, json={"restore": {"volume_id": large}})
    cloud.settle()
    assert show(cloud, large)["status"] == "error_restoring" and shown(cloud, backup_id)["status"] == "available"
    assert messages(cloud, backup_id) == ["restore backup: the disk is full"]
    assert cloud.delete(f"{V3}/volumes/{large}").status_code == 202


def test_a_volume_deleted_by_force_releases_the_backup(cloud: Any) -> None:
    volume_id = make(cloud)
    backup_id = back_up(cloud, volume_id)
    cloud.post(f"{V3}/backups/{backup_id}/restore", json={"restore": {"volume_id": volume_id}})
    assert act(cloud, volume_id, "os-force_delete", {}, as_="admin").status_code == 202
    cloud.settle()
    assert show(cloud, volume_id) is None and shown(cloud, backup_id)["status"] == "available"
    assert differences(cloud) == []


@pytest.mark.parametrize("method", ["snapshot", "back_up", "delete_snapshot"])
def test_one_that_cannot_be_made_leaves_nothing(cloud: Any, method: str) -> None:
    volume_id = make(cloud)
    fake(cloud).fail_next(method, "the disk is full")
    backup_id = back_up(cloud, volume_id)
    backup = shown(cloud, backup_id)
    assert (backup["status"], backup["fail_reason"]) == ("error", "the disk is full")
    assert messages(cloud, backup_id) == ["create backup: the disk is full"]
    assert show(cloud, volume_id)["status"] == "available"
    assert fake(cloud).inventory().backups == fake(cloud).inventory().snapshots == []
    assert differences(cloud) == []
    assert cloud.delete(f"{V3}/backups/{backup_id}").status_code == 202
    cloud.settle()
    assert shown(cloud, backup_id) is None


def test_deleted_by_force_while_it_is_made(cloud: Any) -> None:
    volume_id = make(cloud)
    backup_id = back_up(cloud, volume_id, settle=False)
    action = f"{V3}/backups/{backup_id}/action"
    assert cloud.post(action, json={"os-force_delete": {}}).status_code == 403
    assert cloud.post(action, as_="admin", json={"os-force_delete": {}}).status_code == 202
    assert show(cloud, volume_id)["status"] == "available"
    cloud.settle()
    assert shown(cloud, backup_id) is None and differences(cloud) == []


def test_records(cloud: Any) -> None:
    """A record with another id shares the bytes, which go with the last of both."""
    volume_id = make(cloud)
    backup_id = back_up(cloud, volume_id, name="b")
    path = f"{V3}/backups/{backup_id}/export_record"
    assert cloud.get(path).status_code == 403
    record = cloud.get(path, as_="admin").json["backup-record"]
    assert record["backup_service"].startswith("cinder.backup.drivers")
    taken = cloud.post(f"{V3}/backups/import_record", as_="admin", json={"backup-record": record})
    refused(taken, "already exists")
    content = json.loads(base64.b64decode(record["backup_url"]))
    content["id"] = other = "00000000-0000-4000-8000-000000000001"
    record["backup_url"] = base64.b64encode(json.dumps(content).encode()).decode()
    imported = cloud.post(f"{V3}/backups/import_record", as_="admin", json={"backup-record": record})
    assert (imported.status_code, imported.json["backup"]["id"]) == (201, other)
    assert cloud.delete(f"{V3}/backups/{backup_id}").status_code == 202
    cloud.settle()
    assert fake(cloud).inventory().backups == [backup_id] and differences(cloud) == []
    restored = cloud.post(f"{V3}/backups/{other}/restore", json={"restore": {}}).json["restore"]["volume_id"]
    cloud.settle()
    assert show(cloud, restored)["status"] == "available"
    assert cloud.delete(f"{V3}/backups/{other}").status_code == 202
    cloud.settle()
    assert fake(cloud).inventory().backups == [] == differences(cloud)
    body = {"backup-record": record}
    refused(cloud.post(f"{V3}/backups/import_record", as_="admin", json=body), "bytes")
    for wrong in ("nothing", base64.b64encode(b"{}").decode(), base64.b64encode(b'{"id": 1}').decode()):
        body = {"backup-record": {**record, "backup_url": wrong}}
        refused(cloud.post(f"{V3}/backups/import_record", as_="admin", json=body), "backup_url")


def test_others_see_nothing(cloud: Any) -> None:
    backup_id = back_up(cloud, make(cloud))
    assert shown(cloud, backup_id, as_="other") is None
    assert cloud.get(f"{V3}/backups/detail", as_="other").json["backups"] == []
    assert cloud.delete(f"{V3}/backups/{backup_id}", as_="other").status_code == 404
    every = cloud.get(f"{V3}/backups?all_tenants=1&project_id={OTHER_PROJECT}", as_="admin").json["backups"]
    assert every == []
    listed = cloud.get(f"{V3}/backups?with_count=true&name~=x", version="3.45").json
    assert listed == {"backups": [], "count": 0}


def test_names_and_statuses(cloud: Any) -> None:
    backup_id = back_up(cloud, make(cloud))
    path = f"{V3}/backups/{backup_id}"
    assert cloud.put(path, version="3.8", json={"backup": {"name": "n"}}).status_code == 404
    refused(cloud.put(path, version=NEWEST, json={"backup": {}}), "name")
    changed = cloud.put(path, version=NEWEST, json={"backup": {"name": "n", "metadata": {"a": "b"}}})
    assert changed.json["backup"]["name"] == "n" and shown(cloud, backup_id)["metadata"] == {"a": "b"}
    action = f"{path}/action"
    refused(cloud.post(action, as_="admin", json={"os-reset_status": {"status": "restoring"}}), "status")
    assert cloud.post(action, as_="admin", json={"os-reset_status": {"status": "error"}}).status_code == 202
    refused(cloud.post(f"{path}/restore", json={"restore": {}}), "error")


def test_a_volume_of_a_backup(cloud: Any) -> None:
    backup_id = back_up(cloud, make(cloud, size=2))
    body = {"volume": {"size": 1, "backup_id": backup_id}}
    refused(cloud.post(f"{V3}/volumes", version=NEWEST, json=body), "backup size")
    made = cloud.post(f"{V3}/volumes", version=NEWEST, json={"volume": {"size": 3, "backup_id": backup_id}})
    cloud.settle()
    assert show(cloud, made.json["volume"]["id"])["status"] == "available"
    assert fake(cloud).size_gib(made.json["volume"]["id"]) == 3 and differences(cloud) == []


def test_an_admin_of_another_project_has_a_chain_of_its_own(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup belongs to the project of who asked for it, and builds on that project's."""
    away = Who("admin-user", "admin", project_id=OTHER_PROJECT, roles=frozenset({"admin", "member", "reader"}))
    monkeypatch.setitem(CALLERS, "away", away)
    volume_id = make(cloud)
    full = back_up(cloud, volume_id)
    asked = {"backup": {"volume_id": volume_id, "incremental": True}}
    refused(cloud.post(f"{V3}/backups", as_="away", json=asked), "No backups")
    theirs = back_up(cloud, volume_id, as_="away")
    assert shown(cloud, theirs) is None
    back_up(cloud, volume_id, as_="away", incremental=True)
    assert not shown(cloud, full)["has_dependent_backups"]
    assert shown(cloud, theirs, as_="away")["has_dependent_backups"]


def test_a_volume_stays_locked_while_another_backup_copies_it(cloud: Any) -> None:
    """The first backup has its copy and is still written; its end says nothing about the second one."""
    volume_id = make(cloud)
    first = back_up(cloud, volume_id, settle=False)

    def copied(tx: Transaction) -> None:
        backup_rows_store.update(tx, first, data_timestamp=tx.now)
        backup = backup_rows_store.find(tx, first)
        assert backup is not None
        creations.free(tx, backup)

    cloud.database.write(copied)
    assert show(cloud, volume_id)["status"] == "available"
    back_up(cloud, volume_id, settle=False)
    assert show(cloud, volume_id)["status"] == "backing-up"
    action = f"{V3}/backups/{first}/action"
    assert cloud.post(action, as_="admin", json={"os-force_delete": {}}).status_code == 202
    assert show(cloud, volume_id)["status"] == "backing-up"
    cloud.settle()
    assert show(cloud, volume_id)["status"] == "available" and differences(cloud) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"data_timestamp": 2**62},
        {"data_timestamp": -1},
        {"bytes": -1},
        {"bytes": 2**63},
        {"volume": {"metadata": {"a": 1}}},
        {"volume": {"metadata": {"a": "\0"}}},
        {"volume": {"image_metadata": ["a"]}},
        {"volume": {"bootable": "perhaps"}},
        {"metadata": {"a": "\0"}},
        {"metadata": {"a": "b" * 256}},
        {"parent_place": "nowhere"},
    ],
)
def test_a_record_that_cannot_be_kept(cloud: Any, wrong: dict[str, Any]) -> None:
    backup_id = back_up(cloud, make(cloud))
    record = cloud.get(f"{V3}/backups/{backup_id}/export_record", as_="admin").json["backup-record"]
    content = json.loads(base64.b64decode(record["backup_url"]))
    content |= {"id": "00000000-0000-4000-8000-000000000001", **wrong}
    body = {"backup-record": {**record, "backup_url": base64.b64encode(json.dumps(content).encode()).decode()}}
    refused(cloud.post(f"{V3}/backups/import_record", as_="admin", json=body), "backup_url")
