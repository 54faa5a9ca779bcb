"""An image of a volume: made, refused, deleted on the way, failed."""

from typing import Any

import pytest

from kumoi.engines.images.interface import ImageStore
from tests.services.block_storage.world import act, differences, fake, image, make, messages, show

NAME = "os-volume_upload_image"


def upload(cloud: Any, volume_id: str, **fields: Any) -> Any:
    answer = act(cloud, volume_id, NAME, {"image_name": "mine", **fields})
    assert answer.status_code == 202, answer.text
    return answer.json[NAME]


def picture(cloud: Any, image_id: str) -> Any:
    found = cloud.get(f"/image/v2/images/{image_id}")
    return found.json if found.status_code == 200 else None


@pytest.mark.parametrize("disk_format", ["raw", "qcow2"])
def test_an_image_of_a_volume(cloud: Any, disk_format: str) -> None:
    volume_id = make(cloud, imageRef=image(cloud))
    act(cloud, volume_id, "os-set_image_metadata", {"metadata": {"os_distro": "kumoi", "hw_disk_bus": "virtio"}})
    made = upload(cloud, volume_id, disk_format=disk_format, visibility="private", protected=False)
    assert (made["id"], made["status"], made["image_name"]) == (volume_id, "uploading", "mine")
    assert show(cloud, volume_id)["status"] == "uploading"
    assert picture(cloud, made["image_id"])["status"] == "saving"
    assert act(cloud, volume_id, NAME, {"image_name": "other"}).status_code == 400
    cloud.settle()
    found = picture(cloud, made["image_id"])
    assert (found["status"], found["disk_format"], found["visibility"]) == ("active", disk_format, "private")
    assert (found["os_distro"], found["hw_disk_bus"]) == ("kumoi", "virtio") and len(found["os_hash_value"]) == 128
    assert show(cloud, volume_id)["status"] == "available"
    assert fake(cloud).inventory().snapshots == [] and differences(cloud) == []
    second = make(cloud, imageRef=made["image_id"])
    assert show(cloud, second)["status"] == "available"


def test_of_a_volume_in_use(cloud: Any) -> None:
    volume_id = make(cloud)
    act(cloud, volume_id, "os-attach", {"instance_uuid": volume_id, "mountpoint": "/dev/vdb"})
    assert act(cloud, volume_id, NAME, {"image_name": "mine"}).status_code == 400
    made = upload(cloud, volume_id, force=True)
    cloud.settle()
    assert picture(cloud, made["image_id"])["status"] == "active" and show(cloud, volume_id)["status"] == "in-use"
    for wrong in ({"disk_format": "iso"}, {"container_format": "ova"}, {"visibility": "everybody"}):
        assert act(cloud, volume_id, NAME, {"image_name": "mine", "force": True, **wrong}).status_code == 400
    assert act(cloud, volume_id, NAME, {"image_name": "mine", "force": True, "visibility": "public"}).status_code == 403


@pytest.mark.parametrize("method", ["snapshot", "export"])
def test_one_that_cannot_be_made_leaves_nothing(cloud: Any, method: str) -> None:
    volume_id = make(cloud)
    fake(cloud).fail_next(method, "the disk is full")
    made = upload(cloud, volume_id)
    cloud.settle()
    assert picture(cloud, made["image_id"])["status"] == "queued"
    assert show(cloud, volume_id)["status"] == "available"
    assert messages(cloud, volume_id) == ["upload volume: the disk is full"]
    assert cloud.locate(ImageStore).inventory() == [] == fake(cloud).inventory().snapshots == differences(cloud)


def test_an_image_that_is_deleted_meanwhile(cloud: Any) -> None:
    volume_id = make(cloud)
    made = upload(cloud, volume_id)
    assert cloud.delete(f"/image/v2/images/{made['image_id']}").status_code == 204
    cloud.settle()
    assert picture(cloud, made["image_id"]) is None and show(cloud, volume_id)["status"] == "available"
    assert cloud.locate(ImageStore).inventory() == [] == fake(cloud).inventory().snapshots == cloud.audit()


def test_image_metadata_cannot_name_the_image(cloud: Any) -> None:
    volume_id = make(cloud)
    values = {"id": volume_id, "owner": "somebody", "status": "active", "os_glance_x": "y", "kept": "yes"}
    act(cloud, volume_id, "os-set_image_metadata", {"metadata": values})
    made = upload(cloud, volume_id)
    found = picture(cloud, made["image_id"])
    assert found["id"] != volume_id and found["kept"] == "yes" and "os_glance_x" not in found
