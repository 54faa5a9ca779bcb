"""Images and backups of servers."""

from typing import Any

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestState
from kumoi.engines.images.interface import ImageStore
from tests.cloud import PROJECT
from tests.services.compute.world import LATEST, World

IMAGES = "/image/v2/images"


@pytest.fixture
def fake(world: World) -> FakeHypervisor:
    engine: FakeHypervisor = world.cloud.engines[FakeHypervisor]
    return engine


def create(world: World, server_id: str, name: str = "copy", **more: Any) -> str:
    made = world.act(server_id, "createImage", {"name": name, **more})
    assert made.status_code == 202, made.text
    return str(made.json["image_id"])


def image(world: World, image_id: str) -> dict[str, Any]:
    return dict(world.cloud.get(f"{IMAGES}/{image_id}").json)


def back_up(world: World, server_id: str, name: str, rotation: int, kind: str = "daily") -> str:
    made = world.act(server_id, "createBackup", {"name": name, "backup_type": kind, "rotation": rotation})
    assert made.status_code == 202, made.text
    world.cloud.settle()
    return str(made.json["image_id"])


def test_an_image_of_a_running_server_boots_another(world: World, fake: FakeHypervisor) -> None:
    server_id = world.boot()
    image_id = create(world, server_id, metadata={"role": "web"})
    assert world.show(server_id)["OS-EXT-STS:task_state"] == "image_snapshot"
    assert image(world, image_id)["status"] == "queued"
    world.cloud.settle()
    made = image(world, image_id)
    assert (made["status"], made["disk_format"], made["visibility"]) == ("active", "qcow2", "private")
    assert (made["image_type"], made["instance_uuid"], made["role"]) == ("snapshot", server_id, "web")
    assert made["base_image_ref"] == world.image and made["min_disk"] == 1 and made["owner"] == PROJECT
    assert fake.state(server_id) is GuestState.RUNNING and fake.copies() == []
    shown = world.show(server_id)
    assert shown["status"] == "ACTIVE" and shown["OS-EXT-STS:task_state"] is None
    other = world.boot("two", imageRef=image_id)
    assert fake.local_disks(other) == {"root": (image_id, 1)}
    again = create(world, other)
    world.cloud.settle()
    assert image(world, again)["base_image_ref"] == image_id and image(world, again)["instance_uuid"] == other
    assert world.cloud.audit() == []


@pytest.mark.parametrize("before", ["os-stop", "pause", "suspend"])
def test_a_server_that_does_not_run(world: World, before: str) -> None:
    server_id = world.boot()
    world.act(server_id, before)
    world.cloud.settle()
    status = world.show(server_id)["status"]
    image_id = create(world, server_id)
    world.cloud.settle()
    assert image(world, image_id)["status"] == "active" and world.show(server_id)["status"] == status
    assert world.cloud.audit() == []


def test_until_2_44_a_header_names_the_image(world: World) -> None:
    made = world.act(world.boot(), "createImage", {"name": "copy"}, version="2.44")
    assert made.status_code == 202 and made.content == b""
    assert "/image/v2/images/" in made.headers["location"]
    made = world.act(world.boot(), "createImage", {"name": "copy"}, version="2.45")
    assert "location" not in made.headers and made.json["image_id"]


def test_one_copy_at_a_time(world: World) -> None:
    server_id = world.boot()
    create(world, server_id)
    refused = world.act(server_id, "createImage", {"name": "second"})
    message = f"Cannot 'createImage' instance {server_id} while it is in task_state image_snapshot"
    assert refused.status_code == 409 and message in refused.json["conflictingRequest"]["message"]


def test_a_copy_that_fails_leaves_no_image(world: World, fake: FakeHypervisor) -> None:
    server_id = world.boot()
    fake.fail_next("copy_root", "the disk of the host is full")
    image_id = create(world, server_id)
    world.cloud.settle()
    assert world.cloud.get(f"{IMAGES}/{image_id}").status_code == 404
    shown = world.show(server_id)
    assert shown["status"] == "ACTIVE" and shown["OS-EXT-STS:task_state"] is None
    path = f"/compute/v2.1/servers/{server_id}/os-instance-actions"
    assert world.cloud.get(path, version=LATEST).json["instanceActions"][0]["message"] == "Error"
    assert world.cloud.audit() == []


def test_an_image_that_is_deleted_meanwhile(world: World, fake: FakeHypervisor) -> None:
    server_id = world.boot()
    image_id = create(world, server_id)
    assert world.cloud.delete(f"{IMAGES}/{image_id}").status_code == 204
    world.cloud.settle()
    assert world.show(server_id)["OS-EXT-STS:task_state"] is None and fake.copies() == []
    assert image_id not in world.cloud.locate(ImageStore).inventory() and world.cloud.audit() == []


def test_a_server_that_is_deleted_meanwhile(world: World) -> None:
    server_id = world.boot()
    image_id = create(world, server_id)
    world.cloud.delete(f"/compute/v2.1/servers/{server_id}")
    world.cloud.settle()
    assert world.gone(server_id) and world.cloud.get(f"{IMAGES}/{image_id}").status_code == 404
    world.nothing_is_left()


def test_backups_rotate(world: World) -> None:
    server_id = world.boot()
    first = back_up(world, server_id, "first", 2)
    weekly = back_up(world, server_id, "weekly", 2, "weekly")
    second, third = back_up(world, server_id, "second", 2), back_up(world, server_id, "third", 2)
    left = {each["id"] for each in world.cloud.get(f"{IMAGES}?backup_type=daily").json["images"]}
    assert left == {second, third} and world.cloud.get(f"{IMAGES}/{first}").status_code == 404
    assert image(world, weekly)["backup_type"] == "weekly" and image(world, third)["image_type"] == "backup"
    assert world.cloud.audit() == []


def test_a_rotation_of_nothing_keeps_nothing(world: World) -> None:
    server_id = world.boot()
    kept = back_up(world, server_id, "first", 0)
    assert world.cloud.get(f"{IMAGES}/{kept}").status_code == 404
    refused = world.act(server_id, "createBackup", {"name": "x", "backup_type": "daily", "rotation": -1})
    assert refused.status_code == 400 and "rotation" in refused.json["badRequest"]["message"]


def test_a_volume_backed_server_has_no_disk_to_copy(world: World) -> None:
    device = {"boot_index": 0, "source_type": "image", "uuid": world.image, "destination_type": "volume",
              "volume_size": 1}  # fmt: skip
    server_id = world.boot(imageRef=None, block_device_mapping_v2=[device])
    assert world.act(server_id, "createImage", {"name": "x"}).status_code == 501
    refused = world.act(server_id, "createBackup", {"name": "x", "backup_type": "daily", "rotation": 1})
    assert refused.status_code == 400 and "volume-backed" in refused.json["badRequest"]["message"]


def test_the_quota_of_images(world: World) -> None:
    server_id = world.boot()
    from kumoi.kernel import quotas

    world.cloud.database.write(lambda tx: quotas.set_limit(tx, "image", "image_count_total", PROJECT, 1))
    refused = world.act(server_id, "createImage", {"name": "x"})
    assert refused.status_code in (403, 413) and world.show(server_id)["OS-EXT-STS:task_state"] is None
