"""Work on a server that waits too long for earlier work ends, and leaves everything as it was (decision 16)."""

from collections.abc import Callable
from typing import Any

import pytest

from kumoi import app
from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.kernel import clock, operations
from kumoi.kernel.clock import VirtualClock
from kumoi.kernel.reconcile import View
from kumoi.services.cloud.work.reconcilers import queue
from tests.services.compute.world import LATEST, SERVERS, World

VOLUMES = "/volume/v3/volumes"
PORTS = "/network/v2.0/ports"


def volume(world: World) -> str:
    made = world.cloud.post(VOLUMES, json={"volume": {"size": 1}})
    assert made.status_code == 202, made.text
    world.cloud.settle()
    return str(made.json["volume"]["id"])


def attach(world: World, server_id: str, volume_id: str) -> Any:
    body = {"volumeAttachment": {"volumeId": volume_id}}
    return world.cloud.post(f"{SERVERS}/{server_id}/os-volume_attachments", version=LATEST, json=body)


def detach(world: World, server_id: str) -> Any:
    shown = world.show(server_id)["os-extended-volumes:volumes_attached"]
    return world.cloud.delete(f"{SERVERS}/{server_id}/os-volume_attachments/{shown[0]['id']}")


def attach_card(world: World, server_id: str) -> Any:
    body = {"interfaceAttachment": {"net_id": world.network}}
    return world.cloud.post(f"{SERVERS}/{server_id}/os-interface", version=LATEST, json=body)


def detach_card(world: World, server_id: str) -> Any:
    port = world.cloud.get(PORTS, params={"device_id": server_id}).json["ports"][0]
    return world.cloud.delete(f"{SERVERS}/{server_id}/os-interface/{port['id']}")


def act(action: str, argument: object = None) -> Callable[[World, str], Any]:
    return lambda world, server_id: world.act(server_id, action, argument)


HARD = {"type": "HARD"}
KINDS: dict[str, tuple[str | None, Callable[[World, str], Any]]] = {
    "server.stop": (None, act("os-stop")),
    "server.start": ("os-stop", act("os-start")),
    "server.reboot": (None, act("reboot", {"type": "SOFT"})),
    "server.hard_reboot": (None, act("reboot", HARD)),
    "server.pause": (None, act("pause")),
    "server.unpause": ("pause", act("unpause")),
    "server.suspend": (None, act("suspend")),
    "server.resume": ("suspend", act("resume")),
    "server.attach_volume": (None, lambda world, server_id: attach(world, server_id, volume(world))),
    "server.detach_volume": (None, detach),
    "server.attach_interface": (None, attach_card),
    "server.detach_interface": (None, detach_card),
    "server.crash_dump": (None, act("trigger_crash_dump")),
    "server.rescue": (None, act("rescue", {})),
    "server.unrescue": ("rescue", act("unrescue")),
    "server.shelve": (None, act("shelve")),
    "server.resize": (None, act("resize", {"flavorRef": "2"})),
    "server.confirm_resize": ("resize", act("confirmResize")),
    "server.revert_resize": ("resize", act("revertResize")),
    "server.rebuild": (None, lambda world, server_id: world.act(server_id, "rebuild", {"imageRef": world.image})),
    "server.create_image": (None, act("createImage", {"name": "copy"})),
    "server.create_backup": (None, act("createBackup", {"name": "copy", "backup_type": "daily", "rotation": 1})),
}
"""Kind → the action that comes before it, and the request that starts it."""
BEFORE: dict[str, Any] = {"rescue": {}, "resize": {"flavorRef": "2"}}
"""The argument of an action that comes before."""
OFF_HOST = {"server.shelve_offload", "server.unshelve"}
"""They begin on servers that are shelved, whose devices nothing changes, so nothing is ahead of them in the queue."""


def test_every_kind_is_here() -> None:
    app.load_services()
    registry = operations.registry
    assert (
        set(KINDS)
        == {kind for kind in registry if kind.startswith("server.")} - {"server.create", "server.delete"} - OFF_HOST
    )


def hold(world: World, server_id: str) -> None:
    """Something holds the server and never ends, as an attachment to a dead host."""
    held = [operations.subject("server", server_id)]
    origin: dict[str, Any] = {"request_id": "req-hold", "user_id": "u", "project_id": None}
    begun = operations.registry["server.attach_volume"]
    world.cloud.database.write(
        lambda tx: operations.begin(tx, begun, held, {"server_id": server_id, "volume_id": "none"}, **origin)
    )


def state(world: World, server_id: str) -> dict[str, Any]:
    server = world.show(server_id, as_="admin")
    del server["updated"]
    volumes = {one["id"]: one["status"] for one in world.cloud.get(f"{VOLUMES}/detail").json["volumes"]}
    ports = world.cloud.get(PORTS, params={"device_id": server_id}).json["ports"]
    guest = world.cloud.engines[FakeHypervisor].state(server_id)
    return {"server": server, "volumes": volumes, "ports": sorted(port["id"] for port in ports), "guest": guest}


@pytest.mark.parametrize("kind", KINDS)
def test_giving_up_changes_nothing(world: World, kind: str) -> None:
    time = VirtualClock()
    with clock.using(time):
        server_id = world.boot()
        assert attach(world, server_id, volume(world)).status_code == 200
        world.cloud.settle()
        before, request = KINDS[kind]
        if before is not None:
            assert world.act(server_id, before, BEFORE.get(before)).status_code in (200, 202)
            world.cloud.settle()
        spare = volume(world) if kind == "server.attach_volume" else None
        was = state(world, server_id)
        hold(world, server_id)
        time.advance(1)
        accepted = request(world, server_id) if spare is None else attach(world, server_id, spare)
        assert accepted.status_code in (200, 202, 204), accepted.text
        waiting = world.cloud.database.read(lambda tx: operations.pending_on(tx, f"server/{server_id}"))
        assert [(each["kind"], each["state"]) for each in waiting][1:] == [(kind, operations.QUEUED)]
        time.advance(operations.QUEUE_SECONDS + 1)
        queue.run(View(world.cloud.database, world.cloud.locate))
        assert state(world, server_id) == was
        fault = world.cloud.database.read(lambda tx: tx.row(operations.operations, id=waiting[1]["id"]))
        assert (
            fault is not None and fault["state"] == operations.UNDONE and "waited for more than 900 s" in fault["fault"]
        )


def test_giving_up_leaves_an_error_as_it_was(world: World) -> None:
    """A hard reboot is what brings a server out of ERROR; its fault is still the old one."""
    time = VirtualClock()
    with clock.using(time):
        server_id = world.boot()
        world.act(server_id, "os-stop")
        world.cloud.settle()
        world.cloud.engines[FakeHypervisor].fail_next("start", "no memory left")
        world.act(server_id, "os-start")
        world.cloud.settle()
        was = state(world, server_id)
        assert "no memory left" in was["server"]["fault"]["message"]
        hold(world, server_id)
        time.advance(1)
        assert world.act(server_id, "reboot", HARD).status_code == 202
        time.advance(operations.QUEUE_SECONDS + 1)
        queue.run(View(world.cloud.database, world.cloud.locate))
        assert state(world, server_id) == was
