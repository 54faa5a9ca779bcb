"""Rebuilds: a new root disk with the same cards, volumes and id."""

import base64
from typing import Any

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestState
from kumoi.engines.volumes.fake import FakeVolumes
from tests.services.compute.world import LATEST, SERVERS, World
from tests.services.image import sending


@pytest.fixture
def fake(world: World) -> FakeHypervisor:
    engine: FakeHypervisor = world.cloud.engines[FakeHypervisor]
    return engine


def rebuild(world: World, server_id: str, version: str = LATEST, **more: Any) -> Any:
    return world.act(server_id, "rebuild", {"imageRef": world.image, **more}, version=version)


def test_a_rebuild_starts_from_the_new_image(world: World, fake: FakeHypervisor) -> None:
    server_id, image = world.boot(metadata={"role": "web"}), sending.ready(world.cloud)
    before = fake.spec(server_id)
    made = rebuild(world, server_id, imageRef=image, name="two", metadata={"role": "db"}, description="new")
    assert made.status_code == 202, made.text
    server = made.json["server"]
    assert server["status"] == "REBUILD" and server["OS-EXT-STS:task_state"] == "rebuilding"
    assert server["image"]["id"] == image and server["adminPass"] and server["name"] == "two"
    assert made.headers["location"].endswith(f"/compute/v2.1/servers/{server_id}")
    world.cloud.settle()
    shown, after = world.show(server_id), fake.spec(server_id)
    assert shown["status"] == "ACTIVE" and shown["metadata"] == {"role": "db"} and shown["description"] == "new"
    assert fake.local_disks(server_id) == {"root": (image, 1)} and after.nics == before.nics
    assert after.metadata.admin_pass in (server["adminPass"], None) and after.metadata.meta == {"role": "db"}
    assert world.cloud.audit() == []


def test_what_is_not_named_stays(world: World, fake: FakeHypervisor) -> None:
    user_data = base64.b64encode(b"#!/bin/sh").decode()
    server_id = world.boot(metadata={"role": "web"}, user_data=user_data, description="old", hostname="host-a")
    server = rebuild(world, server_id).json["server"]
    assert server["user_data"] == user_data and server["metadata"] == {"role": "web"}
    world.cloud.settle()
    metadata = fake.spec(server_id).metadata
    assert metadata.user_data == b"#!/bin/sh" and metadata.hostname == "host-a"
    assert rebuild(world, server_id, user_data=None, hostname="host-b").json["server"]["user_data"] is None
    world.cloud.settle()
    metadata = fake.spec(server_id).metadata
    assert metadata.user_data is None and metadata.hostname == "host-b"


@pytest.mark.parametrize(
    ("version", "there", "missing"),
    [
        ("2.1", ["adminPass", "image", "OS-DCF:diskConfig"], ["key_name", "user_data", "OS-EXT-STS:vm_state", "tags"]),
        ("2.54", ["key_name", "tags", "description"], ["user_data", "server_groups"]),
        ("2.57", ["user_data"], ["locked_reason"]),
        (LATEST, ["user_data", "OS-EXT-STS:vm_state", "server_groups", "locked_reason"], []),
    ],
)
def test_the_reply_of_each_version(world: World, version: str, there: list[str], missing: list[str]) -> None:
    server = rebuild(world, world.boot(), version).json["server"]
    assert set(there) <= server.keys() and not set(missing) & server.keys()
    (address,) = server["addresses"]["private"]
    assert ("OS-EXT-IPS:type" in address) == (version == LATEST)


@pytest.mark.parametrize(
    ("version", "field", "value", "last"),
    [("2.53", "key_name", None, False), ("2.54", "key_name", None, True), ("2.56", "user_data", None, False),
     ("2.57", "user_data", None, True), ("2.89", "hostname", "ab", False), ("2.90", "hostname", "ab", True),
     ("2.18", "description", "x", False), ("2.19", "description", "x", True), ("2.56", "personality", [], True),
     ("2.57", "personality", [], False)],
)  # fmt: skip
def test_fields_of_each_version(world: World, version: str, field: str, value: Any, last: bool) -> None:
    assert rebuild(world, world.boot(), version, **{field: value}).status_code == (202 if last else 400)


def test_a_stopped_server_is_stopped_again(world: World, fake: FakeHypervisor) -> None:
    server_id = world.boot()
    world.act(server_id, "os-stop")
    world.cloud.settle()
    assert rebuild(world, server_id).status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "SHUTOFF" and fake.state(server_id) is GuestState.OFF
    assert world.cloud.audit() == []


def test_a_rebuild_mends_an_error(world: World, fake: FakeHypervisor) -> None:
    server_id = world.boot()
    world.act(server_id, "os-resetState", {"state": "error"}, as_="admin")
    assert rebuild(world, server_id).status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and "fault" not in world.show(server_id)


def test_before_the_old_disk_is_gone_a_failure_changes_nothing(world: World, fake: FakeHypervisor) -> None:
    server_id, image = world.boot(), sending.ready(world.cloud, os_distro="debian")
    assert world.show(server_id, version="2.98")["image"]["properties"] == {}
    world.cloud.engines[FakeVolumes].fail_next("prepare_base", "the disk of the host is full")
    assert rebuild(world, server_id, imageRef=image).status_code == 202
    assert world.show(server_id, version="2.98")["image"]["properties"] == {"os_distro": "debian"}
    world.cloud.settle()
    shown = world.show(server_id, version="2.98")
    assert shown["status"] == "ACTIVE" and shown["image"]["id"] == world.image
    assert shown["image"]["properties"] == {}
    assert fake.local_disks(server_id) == {"root": (world.image, 1)} and world.cloud.audit() == []


def test_after_that_a_hard_reboot_starts_the_new_one(world: World, fake: FakeHypervisor) -> None:
    server_id, image = world.boot(), sending.ready(world.cloud)
    fake.fail_next("start", "no memory left")
    rebuild(world, server_id, imageRef=image)
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == "ERROR" and "no memory left" in shown["fault"]["message"]
    assert shown["image"]["id"] == image
    world.act(server_id, "reboot", {"type": "HARD"})
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE"
    assert fake.local_disks(server_id) == {"root": (image, 1)} and world.cloud.audit() == []


def test_the_image_must_be_there_and_fit(world: World) -> None:
    server_id = world.boot()
    refused = rebuild(world, server_id, imageRef="5b1f8e1c-0000-4000-8000-000000000000")
    assert refused.status_code == 400 and "image" in refused.json["badRequest"]["message"]
    large = sending.ready(world.cloud, min_disk=50)
    assert rebuild(world, server_id, imageRef=large).status_code == 400
    world.act(server_id, "pause")
    world.cloud.settle()
    refused = rebuild(world, server_id)
    message = f"Cannot 'rebuild' instance {server_id} while it is in vm_state paused"
    assert refused.status_code == 409 and message in refused.json["conflictingRequest"]["message"]


def test_a_boot_volume_is_not_imaged_anew(world: World, fake: FakeHypervisor) -> None:
    device = {"boot_index": 0, "source_type": "image", "uuid": world.image, "destination_type": "volume",
              "volume_size": 1}  # fmt: skip
    server_id = world.boot(imageRef=None, block_device_mapping_v2=[device])
    disks = fake.spec(server_id).disks
    refused = rebuild(world, server_id, imageRef=sending.ready(world.cloud))
    assert refused.status_code == 501 and "volume-backed" in refused.json["notImplemented"]["message"]
    assert rebuild(world, server_id).status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and fake.spec(server_id).disks == disks
    assert world.show(server_id)["image"] == "" and world.cloud.audit() == []


def test_an_admin_reads_user_data_under_one_name_and_the_group(world: World) -> None:
    asked = {"server_group": {"name": "one", "policy": "affinity"}}
    group = world.cloud.post("/compute/v2.1/os-server-groups", version=LATEST, json=asked).json["server_group"]["id"]
    body = {**world.body(), "os:scheduler_hints": {"group": group}}
    server_id = world.cloud.post(SERVERS, version=LATEST, json=body).json["server"]["id"]
    world.cloud.settle()
    rebuilt = world.act(server_id, "rebuild", {"imageRef": world.image}, as_="admin", version=LATEST)
    assert rebuilt.status_code == 202, rebuilt.text
    server = rebuilt.json["server"]
    assert "user_data" in server and "OS-EXT-SRV-ATTR:user_data" not in server
    assert server["server_groups"] == [group]


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        ({"hw_architecture": "aarch64"}, "its architecture is not the image's, aarch64"),
        ({"img_hv_type": "xen"}, "its hypervisor is not the image's, xen"),
        ({"trait:CUSTOM_GOLD": "required"}, "it lacks the trait CUSTOM_GOLD"),
    ],
)
def test_an_image_that_does_not_suit_the_host_is_refused(world: World, properties: dict[str, str], why: str) -> None:
    server_id, before = world.boot(), sending.ready(world.cloud)
    assert rebuild(world, server_id, imageRef=sending.ready(world.cloud, hw_architecture="x86_64")).status_code == 202
    world.cloud.settle()
    shown = world.show(server_id)
    refused = rebuild(world, server_id, imageRef=sending.ready(world.cloud, **properties), name="two")
    assert refused.status_code == 400, refused.text
    message = refused.json["badRequest"]["message"]
    assert "No valid host was found" in message and why in message and "host-1" not in message
    assert world.show(server_id) == shown
    assert rebuild(world, server_id, imageRef=before).status_code == 202


def test_an_aggregate_for_a_trait_keeps_other_images_out(world: World) -> None:
    """The image that the server has stays: only a change is checked, as in Nova."""
    server_id, other = world.boot(), sending.ready(world.cloud)
    made = world.cloud.post("/compute/v2.1/os-aggregates", as_="admin", json={"aggregate": {"name": "gold"}}).json
    path = f"/compute/v2.1/os-aggregates/{made['aggregate']['id']}/action"
    assert world.cloud.post(path, as_="admin", json={"add_host": {"host": "host-1"}}).status_code == 200
    body = {"set_metadata": {"metadata": {"trait:CUSTOM_GOLD": "required"}}}
    assert world.cloud.post(path, as_="admin", json=body).status_code == 200
    refused = rebuild(world, server_id, imageRef=other)
    assert refused.status_code == 400 and "CUSTOM_GOLD" in refused.json["badRequest"]["message"]
    assert rebuild(world, server_id).status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE"
