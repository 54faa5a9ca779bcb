"""Attachments, and the states of a volume that clients set by hand."""

from typing import Any

import pytest

from kumoi.services.block_storage import facade
from tests.cloud import CALLERS
from tests.services.block_storage.world import NEWEST, V3, act, differences, fake, make, show, snap

SERVER = "6d4ee0b4-0000-4000-8000-000000000001"


def test_reserved_connected_completed_deleted(cloud: Any) -> None:
    volume_id = make(cloud)
    body = {"attachment": {"volume_uuid": volume_id, "instance_uuid": SERVER}}
    made = cloud.post(f"{V3}/attachments", version="3.27", json=body)
    assert made.status_code == 200, made.text
    attachment = made.json["attachment"]
    assert (attachment["status"], attachment["instance"], attachment["connection_info"]) == ("reserved", SERVER, {})
    path = f"{V3}/attachments/{attachment['id']}"
    assert show(cloud, volume_id)["status"] == "reserved" and show(cloud, volume_id)["attachments"] == []
    assert cloud.post(f"{V3}/attachments", version="3.27", json=body).status_code == 400
    connected = cloud.put(path, version="3.27", json={"attachment": {"connector": {"host": "h"}}}).json["attachment"]
    assert connected["status"] == "attaching" and connected["connection_info"]["volume_id"] == volume_id
    assert cloud.post(f"{path}/action", version="3.43", json={"os-complete": {}}).status_code == 400
    assert cloud.post(f"{path}/action", version="3.44", json={"os-complete": {}}).status_code == 204
    (shown,) = show(cloud, volume_id)["attachments"]
    assert (shown["server_id"], shown["attachment_id"], shown["host_name"]) == (SERVER, attachment["id"], None)
    assert show(cloud, volume_id, as_="admin")["attachments"][0]["host_name"] == "h"
    assert show(cloud, volume_id)["status"] == "in-use" and differences(cloud) == []
    assert cloud.delete(f"{V3}/volumes/{volume_id}").status_code == 400
    listed = cloud.get(f"{V3}/attachments?volume_id={volume_id}", version="3.27").json["attachments"]
    assert listed == [{"id": attachment["id"], "status": "attached", "instance": SERVER, "volume_id": volume_id}]
    assert cloud.get(path, as_="other", version="3.27").status_code == 404
    assert cloud.get(f"{V3}/attachments/detail", as_="other", version="3.27").json == {"attachments": []}
    assert cloud.delete(path, version="3.27").json == {"attachments": []}
    assert show(cloud, volume_id)["status"] == "available"


def test_completed_without_a_connector(cloud: Any) -> None:
    volume_id = make(cloud)
    body = {"attachment": {"volume_uuid": volume_id, "instance_uuid": SERVER}}
    attachment_id = cloud.post(f"{V3}/attachments", version="3.44", json=body).json["attachment"]["id"]
    path = f"{V3}/attachments/{attachment_id}"
    for _ in range(2):
        assert cloud.post(f"{path}/action", version="3.44", json={"os-complete": {}}).status_code == 204
        assert cloud.get(path, version="3.44").json["attachment"]["status"] == "attached"
    assert show(cloud, volume_id)["status"] == "in-use" and differences(cloud) == []
    assert cloud.delete(path, version="3.44").status_code == 200
    assert show(cloud, volume_id)["status"] == "available"


def test_what_compute_holds_only_compute_ends(cloud: Any) -> None:
    volume_id = make(cloud)
    attachment_id = cloud.database.write(lambda tx: facade.reserve(tx, CALLERS["member"], volume_id, SERVER))
    cloud.database.write(lambda tx: facade.attached(tx, attachment_id, "/dev/vdb", "host-1"))
    path = f"{V3}/attachments/{attachment_id}"
    refused = cloud.delete(path, version="3.27")
    assert refused.status_code == 409 and SERVER in refused.json["conflictingRequest"]["message"]
    for action, body in (
        ("os-detach", {"attachment_id": attachment_id}), ("os-begin_detaching", {}), ("os-unreserve", {}),
        ("os-roll_detaching", {}),
    ):  # fmt: skip
        assert act(cloud, volume_id, action, body).status_code == 409, action
    assert act(cloud, volume_id, "os-force_detach", {}, as_="admin").status_code == 409
    reset = {"status": "available", "attach_status": "detached"}
    assert act(cloud, volume_id, "os-reset_status", reset, as_="admin").status_code == 409
    assert act(cloud, volume_id, "os-force_delete", as_="admin").status_code == 400
    assert cloud.delete(f"{V3}/volumes/{volume_id}?force=true", as_="admin", version="3.23").status_code == 400
    assert show(cloud, volume_id)["status"] == "in-use"
    assert differences(cloud)[0]["service"] == "compute"  # The server does not exist.


def test_the_mode_by_version(cloud: Any) -> None:
    def ask(version: str, mode: str, **more: Any) -> Any:
        body = {"attachment": {"volume_uuid": make(cloud), "mode": mode, **more}}
        return cloud.post(f"{V3}/attachments", version=version, json=body)

    assert ask("3.53", "ro").json["attachment"]["attach_mode"] == "rw"
    assert ask("3.54", "ro").json["attachment"]["attach_mode"] == "ro"
    assert ask("3.54", "sideways").status_code == 400
    assert ask("3.54", "rw", instance_uuid="nobody").status_code == 400


def test_states_by_hand(cloud: Any) -> None:
    volume_id = make(cloud)
    status = lambda: show(cloud, volume_id)["status"]  # noqa: E731
    assert act(cloud, volume_id, "os-reserve", {}).status_code == 202 and status() == "attaching"
    assert act(cloud, volume_id, "os-reserve", {}).status_code == 400
    assert act(cloud, volume_id, "os-unreserve", {}).status_code == 202 and status() == "available"
    assert act(cloud, volume_id, "os-attach", {}).status_code == 400
    assert act(cloud, volume_id, "os-attach", {"instance_uuid": "x"}).status_code == 400
    body = {"instance_uuid": SERVER, "mountpoint": "/dev/vdc"}
    assert act(cloud, volume_id, "os-attach", body).status_code == 202 and status() == "in-use"
    assert show(cloud, volume_id)["attachments"][0]["device"] == "/dev/vdc"
    assert act(cloud, volume_id, "os-begin_detaching", {}).status_code == 202 and status() == "detaching"
    assert act(cloud, volume_id, "os-roll_detaching", {}).status_code == 202 and status() == "in-use"
    assert act(cloud, volume_id, "os-detach", {"attachment_id": SERVER}).status_code == 404
    assert act(cloud, volume_id, "os-detach", {}).status_code == 202 and status() == "available"
    assert act(cloud, volume_id, "os-detach", {}).status_code == 202 and status() == "available"
    assert act(cloud, volume_id, "os-detach", {"attachment_id": SERVER}).status_code == 400
    for absent in ("os-initialize_connection", "os-terminate_connection", "os-migrate_volume"):
        refused = act(cloud, volume_id, absent, {})
        assert refused.status_code == 501 and "notImplemented" in refused.json
    assert act(cloud, volume_id, "os-nonsense", {}).status_code == 400


def test_by_force_a_volume_in_error_is_let_go_of(cloud: Any) -> None:
    volume_id = make(cloud)
    assert act(cloud, volume_id, "os-attach", {"instance_uuid": SERVER, "mountpoint": "/dev/vdb"}).status_code == 202
    (attachment,) = show(cloud, volume_id)["attachments"]
    assert act(cloud, volume_id, "os-reset_status", {"status": "error"}, as_="admin").status_code == 202
    which = {"attachment_id": attachment["attachment_id"]}
    assert act(cloud, volume_id, "os-force_detach", which).status_code == 403
    wrong = act(cloud, volume_id, "os-force_detach", {"attachment_id": SERVER}, as_="admin")
    assert wrong.status_code == 404 and show(cloud, volume_id)["status"] == "error"
    assert act(cloud, volume_id, "os-force_detach", {**which, "connector": None}, as_="admin").status_code == 202
    assert (show(cloud, volume_id)["status"], show(cloud, volume_id)["attachments"]) == ("available", [])
    assert act(cloud, volume_id, "os-detach", {}).status_code == 202 and differences(cloud) == []


def test_one_in_error_that_nobody_has_stays_in_error(cloud: Any) -> None:
    """Its disk may not exist."""
    fake(cloud).fail_next("create")
    volume_id = make(cloud)
    for action, who in (("os-detach", "member"), ("os-force_detach", "admin")):
        assert act(cloud, volume_id, action, {}, as_=who).status_code == 202
        assert show(cloud, volume_id)["status"] == "error"
    act(cloud, volume_id, "os-reset_status", {"status": "maintenance"}, as_="admin")
    assert act(cloud, volume_id, "os-detach", {}).status_code == 400


def test_bootable_readonly_and_the_metadata_of_images(cloud: Any) -> None:
    volume_id = make(cloud)
    assert act(cloud, volume_id, "os-set_bootable", {"bootable": "true"}).status_code == 200
    assert act(cloud, volume_id, "os-set_bootable", {"bootable": "perhaps"}).status_code == 400
    assert show(cloud, volume_id)["bootable"] == "true"
    assert act(cloud, volume_id, "os-update_readonly_flag", {"readonly": True}).status_code == 202
    assert show(cloud, volume_id)["metadata"] == {"readonly": "True"}
    assert act(cloud, volume_id, "os-attach", {"host_name": "h", "mode": "rw"}).status_code == 400
    set_ = act(cloud, volume_id, "os-set_image_metadata", {"metadata": {"a": "1", "b": "2"}})
    assert set_.json == {"metadata": {"a": "1", "b": "2"}}
    assert act(cloud, volume_id, "os-unset_image_metadata", {"key": "a"}).status_code == 200
    assert act(cloud, volume_id, "os-unset_image_metadata", {"key": "a"}).status_code == 404
    assert act(cloud, volume_id, "os-show_image_metadata", {}).json == {"metadata": {"b": "2"}}


@pytest.mark.parametrize("status", ["creating", "deleting", "error", "maintenance", "error_extending", "in-use"])
def test_an_admin_sets_a_status_and_deletes_by_force(cloud: Any, status: str) -> None:
    volume_id = make(cloud)
    assert act(cloud, volume_id, "os-reset_status", {"status": status}).status_code == 403
    assert act(cloud, volume_id, "os-reset_status", {"status": status}, as_="admin").status_code == 202
    assert show(cloud, volume_id)["status"] == status
    assert bool(differences(cloud)) == (status in ("creating", "deleting", "in-use"))
    assert act(cloud, volume_id, "os-force_delete", {}).status_code == 403
    assert act(cloud, volume_id, "os-force_delete", {}, as_="admin").status_code == 202
    cloud.settle()
    assert show(cloud, volume_id) is None and differences(cloud) == []


def test_what_an_admin_may_not_set(cloud: Any) -> None:
    volume_id = make(cloud, settle=False)
    for body in ({"status": "blue"}, {}, {"attach_status": "glued"}, {"migration_status": "migrating"}):
        assert act(cloud, volume_id, "os-reset_status", body, as_="admin").status_code == 400, body
    assert act(cloud, volume_id, "os-reset_status", {"status": "error"}, as_="admin").status_code == 409
    cloud.settle()
    snap(cloud, volume_id)
    assert act(cloud, volume_id, "os-force_delete", {}, as_="admin").status_code == 400
    assert cloud.delete(f"{V3}/volumes/{volume_id}?force=true", version=NEWEST).status_code == 403
