"""Actions on an available volume."""

from typing import Any

from tests.examples import made, world


def _act(cloud: Any, action: str, argument: Any) -> tuple[str, dict[str, Any]]:
    return f"/volume/v3/volumes/{made(cloud, 'block_storage', 'volumes')['id']}/action", {action: argument}


def extend(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, "os-extend", {"new_size": 2})


def revert(cloud: Any) -> tuple[str, dict[str, Any]]:
    snapshot = made(cloud, "block_storage", "snapshots")
    return f"/volume/v3/volumes/{snapshot['volume_id']}/action", {"revert": {"snapshot_id": snapshot["id"]}}


def set_bootable(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, "os-set_bootable", {"bootable": True})


def update_readonly_flag(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, "os-update_readonly_flag", {"readonly": True})


def set_image_metadata(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, "os-set_image_metadata", {"metadata": {"mark": "m"}})


def show_image_metadata(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, "os-show_image_metadata", {})


def reset_status(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, "os-reset_status", {"status": "error"})


def force_delete(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, "os-force_delete", {})


def upload_image(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, "os-volume_upload_image", {"image_name": "i", "disk_format": "qcow2"})


def reserve(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, "os-reserve", {})


def unreserve(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, body = reserve(cloud)
    assert cloud.post(path, json=body).status_code == 202
    return path, {"os-unreserve": {}}


def unset_image_metadata(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, body = set_image_metadata(cloud)
    assert cloud.post(path, json=body).status_code == 200
    return path, {"os-unset_image_metadata": {"key": "mark"}}


def attach(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, "os-attach", {"instance_uuid": "00000000-0000-4000-8000-000000000001", "mountpoint": "/dev/vdc"})


def _attached(cloud: Any) -> str:
    path, body = attach(cloud)
    assert cloud.post(path, as_="admin", json=body).status_code == 202
    return path


def detach(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _attached(cloud), {"os-detach": {}}


def force_detach(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _attached(cloud), {"os-force_detach": {}}


def begin_detaching(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _attached(cloud), {"os-begin_detaching": {}}


def roll_detaching(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, body = begin_detaching(cloud)
    assert cloud.post(path, as_="admin", json=body).status_code == 202
    return path, {"os-roll_detaching": {}}


def retype(cloud: Any) -> tuple[str, dict[str, Any]]:
    made = cloud.post("/volume/v3/types", as_="admin", json={"volume_type": {"name": "other"}})
    assert made.status_code == 200, made.text
    return _act(cloud, "os-retype", {"new_type": "other", "migration_policy": "never"})


def reimage(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, "os-reimage", {"image_id": world(cloud).image})
