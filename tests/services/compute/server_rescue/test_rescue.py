"""Rescues: another image's disk with the server's own beside it, and back."""

from typing import Any

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestState, RescueDisk
from kumoi.engines.volumes.fake import FakeVolumes
from tests.services.compute.world import LATEST, World
from tests.services.image import sending


@pytest.fixture
def fake(world: World) -> FakeHypervisor:
    engine: FakeHypervisor = world.cloud.engines[FakeHypervisor]
    return engine


def rescue(world: World, server_id: str, version: str = LATEST, **asked: Any) -> Any:
    return world.act(server_id, "rescue", asked or None, version=version)


def on_a_volume(world: World) -> str:
    device = {"boot_index": 0, "source_type": "image", "uuid": world.image, "destination_type": "volume",
              "volume_size": 1}  # fmt: skip
    return world.boot(imageRef=None, block_device_mapping_v2=[device])


def test_a_rescued_server_runs_from_another_image(world: World, fake: FakeHypervisor) -> None:
    server_id, image = world.boot(), sending.ready(world.cloud)
    made = rescue(world, server_id, rescue_image_ref=image, adminPass="secret")
    assert (made.status_code, made.json) == (200, {"adminPass": "secret"})
    assert world.show(server_id)["OS-EXT-STS:task_state"] == "rescuing"
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == "RESCUE" and shown["OS-EXT-STS:vm_state"] == "rescued"
    assert shown["image"]["id"] == world.image
    assert fake.spec(server_id).rescue == RescueDisk(image, last=False)
    assert fake.local_disks(server_id) == {"rescue": (image, 0), "root": (world.image, 1)}
    assert world.cloud.audit() == []
    assert world.act(server_id, "os-stop").status_code == 409
    assert world.act(server_id, "unrescue").status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and fake.spec(server_id).rescue is None
    assert fake.local_disks(server_id) == {"root": (world.image, 1)} and world.cloud.audit() == []


def test_without_an_image_the_servers_own_is_used(world: World, fake: FakeHypervisor) -> None:
    server_id = world.boot()
    assert rescue(world, server_id).json["adminPass"]
    world.cloud.settle()
    assert fake.local_disks(server_id)["rescue"] == (world.image, 0)


def test_the_properties_of_an_image_keep_the_disks_in_their_places(world: World, fake: FakeHypervisor) -> None:
    server_id, image = world.boot(), sending.ready(world.cloud, hw_rescue_bus="virtio")
    rescue(world, server_id, rescue_image_ref=image)
    world.cloud.settle()
    assert fake.spec(server_id).rescue == RescueDisk(image, last=True)


def test_a_boot_volume_is_rescued_since_2_87(world: World, fake: FakeHypervisor) -> None:
    server_id, stable = on_a_volume(world), sending.ready(world.cloud, hw_rescue_device="disk")
    assert rescue(world, server_id, "2.86", rescue_image_ref=stable).status_code == 400
    assert rescue(world, server_id, "2.87", rescue_image_ref=world.image).status_code == 400
    assert rescue(world, server_id, "2.87").status_code == 400
    assert rescue(world, server_id, "2.87", rescue_image_ref=stable).status_code == 200
    world.cloud.settle()
    assert world.show(server_id)["status"] == "RESCUE" and len(fake.spec(server_id).disks) == 1
    world.act(server_id, "unrescue")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and world.cloud.audit() == []


@pytest.mark.parametrize("before", [None, "os-stop"])
@pytest.mark.parametrize("fails", ["prepare_base", "start"])
def test_a_rescue_that_fails_leaves_the_server_as_it_was(
    world: World, fake: FakeHypervisor, before: str | None, fails: str
) -> None:
    server_id, image = world.boot(), sending.ready(world.cloud)
    if before:
        world.act(server_id, before)
        world.cloud.settle()
    engine = world.cloud.engines[FakeVolumes] if fails == "prepare_base" else fake
    engine.fail_next(fails, "no")
    rescue(world, server_id, rescue_image_ref=image)
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == ("SHUTOFF" if before else "ACTIVE") and shown["OS-EXT-STS:task_state"] is None
    assert fake.state(server_id) is (GuestState.OFF if before else GuestState.RUNNING)
    assert world.cloud.audit() == []


def test_a_failed_return_stays_rescued(world: World, fake: FakeHypervisor) -> None:
    server_id = world.boot()
    rescue(world, server_id)
    world.cloud.settle()
    fake.fail_next("start", "no memory left")
    world.act(server_id, "unrescue")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "RESCUE" and fake.spec(server_id).rescue is not None
    assert world.cloud.audit() == []


def test_a_rescued_server_that_ends_stays_rescued_and_comes_back(world: World, fake: FakeHypervisor) -> None:
    from kumoi.kernel.reconcile import View
    from kumoi.services.compute.guests.reconcilers import power_state

    server_id = world.boot()
    rescue(world, server_id)
    world.cloud.settle()
    fake.shut_itself_down(server_id)
    power_state.follow(View(world.cloud.database, world.cloud.locate))
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == "RESCUE" and shown["OS-EXT-STS:power_state"] == 4
    world.act(server_id, "unrescue")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and world.cloud.audit() == []


def test_states_that_are_refused(world: World) -> None:
    server_id = world.boot()
    refused = world.act(server_id, "unrescue")
    message = f"Cannot 'unrescue' instance {server_id} while it is in vm_state active"
    assert refused.status_code == 409 and message in refused.json["conflictingRequest"]["message"]
    world.act(server_id, "pause")
    world.cloud.settle()
    assert rescue(world, server_id).status_code == 409
    assert rescue(world, world.boot("two"), rescue_image_ref="5b1f8e1c-0000-4000-8000-000000000000").status_code == 400
