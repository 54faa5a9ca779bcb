"""Shelving, offloading and unshelving."""

from collections.abc import Iterator
from typing import Any

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestState
from kumoi.kernel import clock
from kumoi.kernel.reconcile import View
from kumoi.kernel.settings import Settings
from kumoi.services.compute.server_shelving.reconcilers import offloading
from kumoi.services.placement import facade as placement
from tests.services.compute.world import World

IMAGES = "/image/v2/images"


@pytest.fixture
def fake(world: World) -> FakeHypervisor:
    engine: FakeHypervisor = world.cloud.engines[FakeHypervisor]
    return engine


@pytest.fixture
def stays(world: World) -> Iterator[Settings]:
    """Shelved servers stay on their host."""
    settings: Settings = world.cloud.locate(Settings)
    settings.shelved_offload_time = -1
    yield settings
    settings.shelved_offload_time = 0


def shelved(world: World, **more: Any) -> str:
    server_id = world.boot(**more)
    assert world.act(server_id, "shelve").status_code == 202
    world.cloud.settle()
    return server_id


def images(world: World) -> list[dict[str, Any]]:
    return [each for each in world.cloud.get(IMAGES).json["images"] if each["name"] != "guest"]


def test_a_shelved_server_leaves_its_host_and_comes_back(world: World, fake: FakeHypervisor) -> None:
    server_id = world.boot("web")
    cards = fake.spec(server_id).nics
    assert world.act(server_id, "shelve").status_code == 202
    assert world.show(server_id)["OS-EXT-STS:task_state"] == "shelving"
    world.cloud.settle()
    shown = world.show(server_id, as_="admin")
    assert shown["status"] == "SHELVED_OFFLOADED" and shown["OS-EXT-SRV-ATTR:host"] is None
    assert fake.state(server_id) is GuestState.ABSENT and fake.copies() == []
    assert world.cloud.database.read(lambda tx: placement.allocations_of(tx, [server_id])) == {}
    (image,) = images(world)
    assert (image["name"], image["status"]) == ("web-shelved", "active")
    assert world.cloud.audit() == []
    assert world.act(server_id, "os-start").status_code == 409
    assert world.act(server_id, "unshelve").status_code == 202
    assert world.show(server_id)["OS-EXT-STS:task_state"] == "unshelving"
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == "ACTIVE" and shown["image"]["id"] == world.image
    assert fake.local_disks(server_id) == {"root": (image["id"], 1)} and fake.spec(server_id).nics == cards
    assert images(world) == [] and world.cloud.audit() == []
    world.act(server_id, "reboot", {"type": "HARD"})
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE"
    assert fake.local_disks(server_id) == {"root": (image["id"], 1)}


def test_a_shelved_server_may_stay_on_its_host(world: World, fake: FakeHypervisor, stays: Settings) -> None:
    server_id = shelved(world)
    shown = world.show(server_id)
    assert shown["status"] == "SHELVED" and shown["hostId"] and fake.state(server_id) is GuestState.OFF
    assert world.cloud.audit() == []
    assert world.act(server_id, "unshelve", {"availability_zone": "nova"}).status_code == 409
    assert world.act(server_id, "unshelve").status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and images(world) == []
    assert fake.local_disks(server_id) == {"root": (world.image, 1)} and world.cloud.audit() == []


def test_only_an_admin_offloads(world: World, stays: Settings) -> None:
    server_id = world.boot()
    assert world.act(server_id, "shelveOffload", as_="admin").status_code == 409
    world.act(server_id, "shelve")
    world.cloud.settle()
    assert world.act(server_id, "shelveOffload").status_code == 403
    assert world.act(server_id, "shelveOffload", as_="admin").status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "SHELVED_OFFLOADED" and world.cloud.audit() == []


def test_shelved_servers_leave_after_the_time(world: World, stays: Settings) -> None:
    server_id = shelved(world)
    view = View(world.cloud.database, world.cloud.locate)
    with clock.using(clock.VirtualClock(clock.now())):
        clock.sleep(7200)
        offloading.follow(view)
        world.cloud.settle()
        assert world.show(server_id)["status"] == "SHELVED"
        stays.shelved_offload_time = 3600
        offloading.follow(view)
        world.cloud.settle()
    assert world.show(server_id)["status"] == "SHELVED_OFFLOADED" and world.cloud.audit() == []


def test_a_volume_backed_server_needs_no_image(world: World, fake: FakeHypervisor) -> None:
    device = {"boot_index": 0, "source_type": "image", "uuid": world.image, "destination_type": "volume",
              "volume_size": 1}  # fmt: skip
    server_id = shelved(world, imageRef=None, block_device_mapping_v2=[device])
    assert world.show(server_id)["status"] == "SHELVED_OFFLOADED" and images(world) == []
    (volume,) = world.cloud.get("/volume/v3/volumes/detail").json["volumes"]
    assert volume["status"] == "in-use" and world.cloud.audit() == []
    world.act(server_id, "unshelve")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and len(fake.spec(server_id).disks) == 1
    assert world.cloud.audit() == []


@pytest.mark.parametrize(("before", "after"), [(None, "ACTIVE"), ("os-stop", "SHUTOFF"), ("pause", "SHUTOFF")])
def test_a_server_that_cannot_be_shelved(world: World, fake: FakeHypervisor, before: str | None, after: str) -> None:
    server_id = world.boot()
    if before:
        world.act(server_id, before)
        world.cloud.settle()
    fake.fail_next("copy_root", "the disk of the host is full")
    world.act(server_id, "shelve")
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == after and shown["OS-EXT-STS:task_state"] is None
    assert images(world) == [] and world.cloud.audit() == []


def test_a_failed_return_may_be_repeated(world: World, fake: FakeHypervisor) -> None:
    server_id = shelved(world)
    fake.fail_next("start", "no memory left")
    world.act(server_id, "unshelve")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "SHELVED_OFFLOADED" and world.cloud.audit() == []
    world.act(server_id, "unshelve")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and world.cloud.audit() == []


@pytest.mark.parametrize("settled", [True, False])
def test_a_deleted_server_takes_its_image_along(world: World, settled: bool) -> None:
    server_id = world.boot()
    world.act(server_id, "shelve")
    if settled:
        world.cloud.settle()
    world.cloud.delete(f"/compute/v2.1/servers/{server_id}")
    world.cloud.settle()
    assert world.gone(server_id) and images(world) == []
    world.nothing_is_left()


@pytest.mark.parametrize(
    ("version", "body", "as_", "status"),
    [
        ("2.76", {"availability_zone": "nova"}, "member", 400), ("2.77", {"availability_zone": "nova"}, "member", 202),
        ("2.77", {"availability_zone": "nowhere"}, "member", 400), ("2.90", {"host": "host-1"}, "admin", 400),
        ("2.91", {"host": "host-1"}, "admin", 202), ("2.91", {"host": "host-1"}, "member", 403),
        ("2.91", {"host": "nobody"}, "admin", 400), ("2.91", {"availability_zone": None}, "member", 202),
    ],
)  # fmt: skip
def test_where_it_comes_back(world: World, version: str, body: dict[str, Any], as_: str, status: int) -> None:
    server_id = shelved(world)
    assert world.act(server_id, "unshelve", body, as_=as_, version=version).status_code == status
    world.cloud.settle()
    assert world.show(server_id)["status"] == ("ACTIVE" if status == 202 else "SHELVED_OFFLOADED")


def test_states_that_are_refused(world: World) -> None:
    server_id = world.boot()
    refused = world.act(server_id, "unshelve")
    message = f"Cannot 'unshelve' instance {server_id} while it is in vm_state active"
    assert refused.status_code == 409 and message in refused.json["conflictingRequest"]["message"]


def test_a_port_that_nobody_saw_going_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its state in the tables is set by the unbinding, and no report of the topology follows."""
    from kumoi.services.network.ports import states

    server_id = shelved(world)
    monkeypatch.setattr(states.Listener, "_write", lambda _: None)
    world.act(server_id, "unshelve")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE"
