"""Events of other services: each has the code of its outcome, and the guest follows its rows."""

from typing import Any

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestMetadata
from kumoi.kernel.fences import Fence
from tests.services.compute.world import LATEST, World

EVENTS = "/compute/v2.1/os-server-external-events"
NOBODY = "1c7b3f0a-5c8b-4bbf-9a71-3a4f8f5f0b0e"


def send(world: World, *events: dict[str, Any], version: str = LATEST, as_: str = "admin") -> Any:
    return world.cloud.post(EVENTS, as_=as_, version=version, json={"events": list(events)})


def test_each_event_has_its_code(world: World) -> None:
    server_id, waiting = world.boot(), world.ask().json["server"]["id"]
    good = {"name": "network-changed", "server_uuid": server_id, "tag": "t"}
    sent = send(world, good)
    assert (sent.status_code, sent.json) == (200, {"events": [{**good, "status": "completed", "code": 200}]})
    mixed = send(world, good, {**good, "server_uuid": NOBODY}, {**good, "server_uuid": waiting})
    assert mixed.status_code == 207
    assert [event["code"] for event in mixed.json["events"]] == [200, 404, 422]
    assert [event["status"] for event in mixed.json["events"]] == ["completed", "failed", "failed"]
    assert send(world, {**good, "server_uuid": NOBODY}).status_code == 404
    assert send(world, good, as_="member").status_code == 403


def test_the_guest_follows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    server_id = world.boot()
    published: list[str] = []
    hypervisor = world.cloud.engines[FakeHypervisor]
    publish = hypervisor.publish_metadata

    def noted(fence: Fence, server_id: str, metadata: GuestMetadata) -> None:
        published.append(server_id)
        publish(fence, server_id, metadata)

    monkeypatch.setattr(hypervisor, "publish_metadata", noted)
    assert send(world, {"name": "network-vif-plugged", "server_uuid": server_id}).status_code == 200
    world.cloud.settle()
    assert published == [server_id]


@pytest.mark.parametrize(
    ("name", "before", "since"),
    [
        ("volume-extended", "2.50", "2.51"), ("power-update", "2.75", "2.76"),
        ("accelerator-request-bound", "2.81", "2.82"), ("volume-reimaged", "2.92", "2.93"),
    ],
)  # fmt: skip
def test_the_edges_of_versions(world: World, name: str, before: str, since: str) -> None:
    event = {"name": name, "server_uuid": world.boot(), "tag": "POWER_ON"}
    assert send(world, event, version=before).status_code == 400
    assert send(world, event, version=since).status_code == 200


@pytest.mark.parametrize(
    "event",
    [
        {"name": "x", "server_uuid": NOBODY}, {"name": "network-changed", "server_uuid": "x"},
        {"name": "network-changed"}, {"name": "network-changed", "server_uuid": NOBODY, "status": "x"},
        {"name": "power-update", "server_uuid": NOBODY, "tag": "x"},
    ],
)  # fmt: skip
def test_what_is_refused(world: World, event: dict[str, Any]) -> None:
    assert send(world, event).status_code == 400
