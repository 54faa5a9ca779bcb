"""Resizes, confirmed and reverted: the server, its guest, its disk, its claims and its quota."""

from typing import Any

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestState
from kumoi.kernel import clock
from kumoi.kernel.fences import Fence
from kumoi.kernel.reconcile import View
from kumoi.kernel.settings import Settings
from kumoi.services.compute.guests.reconcilers import power_state
from kumoi.services.compute.migrations.models import MigrationRow, migrations
from kumoi.services.compute.server_resize.reconcilers import confirmation
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.models import VmState
from kumoi.services.placement import facade as placement
from tests.cloud import PROJECT
from tests.services.compute.world import LATEST, World

SMALL, LARGE = "1", "2"
"""m1.tiny with a disk of 1 GiB, and m1.small with one of 5 GiB."""


@pytest.fixture
def fake(world: World) -> FakeHypervisor:
    engine: FakeHypervisor = world.cloud.engines[FakeHypervisor]
    return engine


def resized(world: World, flavor: str = LARGE, **more: Any) -> str:
    server_id = world.boot(**more)
    assert world.act(server_id, "resize", {"flavorRef": flavor}).status_code == 202
    world.cloud.settle()
    return server_id


def record(world: World, server_id: str) -> MigrationRow:
    (row,) = world.cloud.database.read(lambda tx: tx.rows(migrations, instance_uuid=server_id))
    return row


def claimed(world: World, consumer: str) -> dict[str, int]:
    found = world.cloud.database.read(lambda tx: placement.allocations_of(tx, [consumer])).get(consumer, {})
    return next(iter(found.values()), {})


def used(world: World) -> tuple[int, int]:
    limits = world.cloud.get("/compute/v2.1/limits").json["limits"]["absolute"]
    return limits["totalCoresUsed"], limits["totalRAMUsed"]


def test_a_resize_waits_to_be_confirmed(world: World, fake: FakeHypervisor) -> None:
    server_id = world.boot()
    small = fake.spec(server_id)
    assert world.act(server_id, "resize", {"flavorRef": LARGE}).status_code == 202
    shown = world.show(server_id)
    assert shown["status"] == "RESIZE" and shown["OS-EXT-STS:task_state"] == "resize_prep"
    assert shown["flavor"]["original_name"] == "m1.tiny"
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == "VERIFY_RESIZE" and shown["OS-EXT-STS:vm_state"] == "resized"
    assert shown["flavor"]["original_name"] == "m1.small" and shown["OS-EXT-STS:task_state"] is None
    large = fake.spec(server_id)
    assert (large.memory_mib, large.root.size_gib) > (small.memory_mib, small.root.size_gib)  # type: ignore[union-attr]
    assert fake.state(server_id) is GuestState.RUNNING
    assert fake.local_disks(server_id) == {"kept": (world.image, 1), "root": (world.image, 5)}
    assert record(world, server_id)["status"] == "finished"
    assert claimed(world, server_id)["DISK_GB"] == 5
    assert claimed(world, record(world, server_id)["uuid"])["DISK_GB"] == 1
    assert world.cloud.audit() == []
    assert world.act(server_id, "confirmResize").status_code == 204
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE"
    assert fake.local_disks(server_id) == {"root": (world.image, 5)}
    assert record(world, server_id)["status"] == "confirmed"
    assert claimed(world, record(world, server_id)["uuid"]) == {}
    assert world.cloud.audit() == []


def test_a_reverted_resize_leaves_everything_as_it_was(world: World, fake: FakeHypervisor) -> None:
    before = used(world)
    server_id = resized(world)
    assert world.act(server_id, "revertResize").status_code == 202
    assert world.show(server_id)["status"] == "REVERT_RESIZE"
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == "ACTIVE" and shown["flavor"]["original_name"] == "m1.tiny"
    assert fake.local_disks(server_id) == {"root": (world.image, 1)}
    assert fake.spec(server_id).memory_mib == shown["flavor"]["ram"]
    assert record(world, server_id)["status"] == "reverted" and claimed(world, server_id)["DISK_GB"] == 1
    assert used(world) == (before[0] + 1, before[1] + shown["flavor"]["ram"])
    assert world.cloud.audit() == []


@pytest.mark.parametrize("action", ["confirmResize", "revertResize"])
def test_a_server_that_was_stopped_stays_stopped(world: World, fake: FakeHypervisor, action: str) -> None:
    server_id = world.boot()
    world.act(server_id, "os-stop")
    world.cloud.settle()
    assert world.act(server_id, "resize", {"flavorRef": LARGE}).status_code == 202
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == "VERIFY_RESIZE" and shown["OS-EXT-STS:power_state"] == 4
    assert fake.state(server_id) is GuestState.OFF and world.cloud.audit() == []
    world.act(server_id, action)
    world.cloud.settle()
    assert world.show(server_id)["status"] == "SHUTOFF" and world.cloud.audit() == []
    world.act(server_id, "os-start")
    world.cloud.settle()
    size = 5 if action == "confirmResize" else 1
    assert fake.local_disks(server_id) == {"root": (world.image, size)}
    assert world.cloud.audit() == []


def test_quota_has_room_for_both_ways(world: World) -> None:
    """A server that shrinks counts as before until the resize is confirmed; one that grows, at once."""
    server_id = resized(world)
    large = used(world)
    world.act(server_id, "confirmResize")
    world.cloud.settle()
    assert used(world) == large
    world.cloud.put(f"/compute/v2.1/os-quota-sets/{PROJECT}", as_="admin", json={"quota_set": {"ram": large[1]}})
    refused = world.act(server_id, "resize", {"flavorRef": "3"})
    assert refused.status_code == 403 and "ram" in refused.json["forbidden"]["message"]
    assert world.show(server_id)["OS-EXT-STS:task_state"] is None and used(world) == large


def test_a_disk_does_not_shrink(world: World, fake: FakeHypervisor) -> None:
    server_id = world.boot(flavorRef=LARGE)
    assert world.act(server_id, "resize", {"flavorRef": SMALL}).status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and fake.state(server_id) is GuestState.RUNNING
    assert record(world, server_id)["status"] == "error"
    path = f"/compute/v2.1/servers/{server_id}/os-instance-actions"
    last = world.cloud.get(path, version=LATEST).json["instanceActions"][0]
    assert (last["action"], last["message"]) == ("resize", "Error")
    events = world.cloud.get(f"{path}/{last['request_id']}", version=LATEST).json["instanceAction"]["events"]
    assert any("Unable to resize disk down" in (event["details"] or "") for event in events)
    assert world.cloud.audit() == []


def test_a_resize_that_fails_gives_everything_back(world: World, fake: FakeHypervisor) -> None:
    server_id = world.boot()
    before = used(world)
    fake.fail_next("start", "no memory left")
    world.act(server_id, "resize", {"flavorRef": LARGE})
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == "ACTIVE" and shown["flavor"]["original_name"] == "m1.tiny" and used(world) == before
    assert fake.local_disks(server_id) == {"root": (world.image, 1)} and fake.state(server_id) is GuestState.RUNNING
    assert record(world, server_id)["status"] == "error" and world.cloud.audit() == []


def test_a_host_without_room_for_both_flavors(world: World) -> None:
    server_id = world.boot()
    (host,) = world.cloud.database.read(placement.provider_ids)
    path = f"/placement/resource_providers/{host}/inventories/MEMORY_MB"
    inventory = world.cloud.get(path, as_="admin", version="1.36").json
    small = {**inventory, "total": 700, "allocation_ratio": 1.0, "reserved": 0, "max_unit": 700}
    assert world.cloud.put(path, as_="admin", version="1.36", json=small).status_code == 200
    world.act(server_id, "resize", {"flavorRef": LARGE})
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and record(world, server_id)["status"] == "error"


@pytest.mark.parametrize(
    ("flavor", "words"), [(SMALL, "must change flavor"), ("nothing", "could not be found")]
)  # fmt: skip
def test_flavors_that_are_refused(world: World, flavor: str, words: str) -> None:
    refused = world.act(world.boot(), "resize", {"flavorRef": flavor})
    assert refused.status_code == 400 and words in refused.json["badRequest"]["message"]


def test_a_flavor_with_further_disks_is_refused(world: World) -> None:
    body = {"flavor": {"id": "swap", "name": "swap", "vcpus": 1, "ram": 256, "disk": 1, "swap": 64}}
    assert world.cloud.post("/compute/v2.1/flavors", as_="admin", json=body).status_code == 200
    refused = world.act(world.boot(), "resize", {"flavorRef": "swap"})
    assert refused.status_code == 400 and "swap disk" in refused.json["badRequest"]["message"]


def test_states_that_are_refused(world: World) -> None:
    server_id = world.boot()
    for action in ("confirmResize", "revertResize"):
        refused = world.act(server_id, action)
        message = f"Cannot '{action}' instance {server_id} while it is in vm_state active"
        assert refused.status_code == 409 and message in refused.json["conflictingRequest"]["message"]
    world.act(server_id, "resize", {"flavorRef": LARGE})
    assert world.act(server_id, "resize", {"flavorRef": "3"}).status_code == 409
    world.cloud.settle()
    for action in ("os-stop", "pause", "resize"):
        argument = {"flavorRef": "3"} if action == "resize" else None
        refused = world.act(server_id, action, argument)
        assert refused.status_code == 409 and "vm_state resized" in refused.json["conflictingRequest"]["message"]


def test_a_guest_that_ends_while_the_resize_waits(world: World, fake: FakeHypervisor) -> None:
    server_id = resized(world)
    fake.shut_itself_down(server_id)
    power_state.follow(View(world.cloud.database, world.cloud.locate))
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == "VERIFY_RESIZE" and shown["OS-EXT-STS:power_state"] == 4
    world.act(server_id, "confirmResize")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "SHUTOFF" and world.cloud.audit() == []


def test_a_resized_server_is_deleted_with_both_claims(world: World) -> None:
    server_id = resized(world)
    migration = record(world, server_id)["uuid"]
    world.cloud.delete(f"/compute/v2.1/servers/{server_id}")
    world.cloud.settle()
    assert world.gone(server_id) and claimed(world, migration) == {}
    world.nothing_is_left()


def test_resizes_are_confirmed_after_the_window(world: World) -> None:
    server_id = resized(world)
    settings: Settings = world.cloud.locate(Settings)
    view = View(world.cloud.database, world.cloud.locate)
    with clock.using(clock.VirtualClock(clock.now())):
        clock.sleep(7200)
        confirmation.follow(view)
        world.cloud.settle()
        assert world.show(server_id)["status"] == "VERIFY_RESIZE"
        settings.resize_confirm_window = 3600
        try:
            confirmation.follow(view)
        finally:
            settings.resize_confirm_window = 0
        world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and world.cloud.audit() == []


def test_a_boot_volume_keeps_its_size(world: World, fake: FakeHypervisor) -> None:
    device = {"boot_index": 0, "source_type": "image", "uuid": world.image, "destination_type": "volume",
              "volume_size": 1}  # fmt: skip
    server_id = resized(world, imageRef=None, block_device_mapping_v2=[device])
    assert world.show(server_id)["status"] == "VERIFY_RESIZE" and fake.local_disks(server_id) == {}
    assert "DISK_GB" not in claimed(world, server_id)
    world.act(server_id, "revertResize")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and world.cloud.audit() == []


def test_a_waiting_resize_is_not_reset_to_active(world: World, fake: FakeHypervisor) -> None:
    """Otherwise a second resize would keep the first one's copy of the disk, and a revert would restore that."""
    server_id = resized(world)
    refused = world.act(server_id, "os-resetState", {"state": "active"}, as_="admin")
    assert refused.status_code == 409, refused.text
    assert "resize waits to be confirmed or reverted" in refused.json["conflictingRequest"]["message"]
    assert world.show(server_id)["status"] == "VERIFY_RESIZE"
    assert world.act(server_id, "os-resetState", {"state": "error"}, as_="admin").status_code == 202
    assert world.act(server_id, "os-resetState", {"state": "active"}, as_="admin").status_code == 409
    refused = world.act(server_id, "rebuild", {"imageRef": world.image})
    assert refused.status_code == 409 and "resize waits" in refused.json["conflictingRequest"]["message"]
    world.act(server_id, "reboot", {"type": "HARD"})
    world.cloud.settle()
    assert world.show(server_id)["status"] == "VERIFY_RESIZE" and world.cloud.audit() == []
    world.act(server_id, "revertResize")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and claimed(world, record(world, server_id)["uuid"]) == {}
    assert fake.local_disks(server_id) == {"root": (world.image, 1)} and world.cloud.audit() == []


def set_active(world: World, server_id: str) -> None:
    """As versions before 2026-11-29 left servers."""
    world.cloud.database.write(lambda tx: servers_store.update(tx, server_id, vm_state=VmState.ACTIVE))


def test_a_second_resize_is_refused_while_one_waits(world: World) -> None:
    server_id = resized(world)
    set_active(world, server_id)
    refused = world.act(server_id, "resize", {"flavorRef": "3"})
    assert refused.status_code == 409 and "resize waits" in refused.json["conflictingRequest"]["message"]
    assert record(world, server_id)["status"] == "finished"


def test_the_audit_reports_a_resize_that_nobody_can_confirm(world: World) -> None:
    server_id = resized(world)
    assert world.cloud.audit() == []
    set_active(world, server_id)
    (found,) = world.cloud.audit()
    assert found["id"] == server_id and "its resize waits to be confirmed" in found["problem"]
    world.act(server_id, "reboot", {"type": "HARD"})
    world.cloud.settle()
    assert world.show(server_id)["status"] == "VERIFY_RESIZE" and world.cloud.audit() == []


@pytest.mark.parametrize("over", ["reboot", "rescue"])
@pytest.mark.parametrize("action", ["confirmResize", "revertResize"])
def test_a_resized_server_whose_guest_is_lost(world: World, fake: FakeHypervisor, action: str, over: str) -> None:
    """Whatever leads out of ERROR leads back to the resize."""
    server_id = resized(world)
    fake.destroy(Fence(f"server/{server_id}", 1000), server_id)
    power_state.follow(View(world.cloud.database, world.cloud.locate))
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ERROR"
    if over == "rescue":
        assert world.act(server_id, "rescue", {}).status_code == 200
        world.cloud.settle()
        assert world.act(server_id, "unrescue").status_code == 202
    else:
        assert world.act(server_id, "reboot", {"type": "HARD"}).status_code == 202
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == "VERIFY_RESIZE" and "fault" not in shown
    assert world.act(server_id, action).status_code in (202, 204)
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and world.cloud.audit() == []
    assert claimed(world, record(world, server_id)["uuid"]) == {}
