"""Volumes of servers: at creation, attached, detached, deleted with the server."""

from typing import Any

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import HypervisorError
from kumoi.kernel import clock, operations, reconcile, runner
from kumoi.kernel.fences import Fence
from tests.services.compute.world import LATEST, SERVERS, World

VOLUMES = "/volume/v3/volumes"


def volume(world: World, **more: Any) -> str:
    made = world.cloud.post(VOLUMES, json={"volume": {"size": 1, "name": "data", **more}})
    assert made.status_code == 202, made.text
    world.cloud.settle()
    volume_id = str(made.json["volume"]["id"])
    assert status(world, volume_id) == "available"
    return volume_id


def status(world: World, volume_id: str) -> str | None:
    shown = world.cloud.get(f"{VOLUMES}/{volume_id}")
    return shown.json["volume"]["status"] if shown.status_code == 200 else None


def attach(world: World, server_id: str, volume_id: str, version: str = LATEST, **more: Any) -> Any:
    body = {"volumeAttachment": {"volumeId": volume_id, **more}}
    return world.cloud.post(f"{SERVERS}/{server_id}/os-volume_attachments", version=version, json=body)


def disks(world: World, server_id: str) -> list[str]:
    return [disk.volume_id for disk in world.cloud.engines[FakeHypervisor].spec(server_id).disks]


def test_in_and_out(world: World) -> None:
    server_id, volume_id = world.boot(), volume(world)
    made = attach(world, server_id, volume_id)
    assert made.status_code == 200, made.text
    assert made.json["volumeAttachment"]["device"] == "/dev/vdb"
    assert status(world, volume_id) in ("reserved", "attaching")
    again = attach(world, server_id, volume_id)
    assert again.status_code in (400, 409)
    world.cloud.settle()
    assert status(world, volume_id) == "in-use" and disks(world, server_id) == [volume_id]
    listed = world.cloud.get(f"{SERVERS}/{server_id}/os-volume_attachments", version=LATEST).json["volumeAttachments"]
    assert [(each["volumeId"], each["delete_on_termination"]) for each in listed] == [(volume_id, False)]
    assert "id" not in listed[0] and listed[0]["attachment_id"]
    one = world.cloud.get(f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}", version="2.88").json
    assert one["volumeAttachment"]["id"] == volume_id and "bdm_uuid" not in one["volumeAttachment"]
    assert world.show(server_id)["os-extended-volumes:volumes_attached"] == [
        {"id": volume_id, "delete_on_termination": False}
    ]
    assert world.cloud.delete(f"{VOLUMES}/{volume_id}").status_code == 400
    gone = world.cloud.delete(f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}")
    assert gone.status_code == 202, gone.text
    world.cloud.settle()
    assert status(world, volume_id) == "available" and disks(world, server_id) == []
    assert world.cloud.get(f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}").status_code == 404
    world.nothing_is_left()


def test_a_plug_that_fails_gives_the_volume_back(world: World) -> None:
    server_id, volume_id = world.boot(), volume(world)
    world.cloud.engines[FakeHypervisor].fail_next("attach_disk", "no slot left")
    attach(world, server_id, volume_id)
    world.cloud.settle()
    assert status(world, volume_id) == "available" and world.show(server_id)["status"] == "ACTIVE"
    actions = world.cloud.get(f"{SERVERS}/{server_id}/os-instance-actions", version=LATEST).json["instanceActions"]
    assert (actions[0]["action"], actions[0]["message"]) == ("attach_volume", "Error")
    world.nothing_is_left()


def plugging_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def probe(moment: str, kind: str, step: str, direction: str) -> None:
        if (moment, kind, step, direction) == ("called", "server.attach_volume", "plug", "forward"):
            raise HypervisorError("QEMU does not answer device_add within 10 s")

    monkeypatch.setattr(runner, "probe", probe)


def test_a_guest_that_stands_still_keeps_the_volume_whose_plug_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_id, volume_id = world.boot(), volume(world)
    with clock.using(clock.VirtualClock()):
        world.act(server_id, "pause")
        world.cloud.settle()
        plugging_is_not_answered(monkeypatch)
        attach(world, server_id, volume_id)
        world.cloud.settle(200)
        assert status(world, volume_id) == "in-use" and disks(world, server_id) == [volume_id]
        assert world.cloud.audit() == []
        path = f"{SERVERS}/{server_id}/os-instance-actions"
        actions = world.cloud.get(path, version=LATEST).json["instanceActions"]
        (action,) = [each for each in actions if each["action"] == "attach_volume"]
        assert action["message"] == "Error"
        told = world.cloud.get(f"{path}/{action['request_id']}", version=LATEST).json["instanceAction"]["events"]
        said = {event["event"]: event["details"] for event in told}
        assert "device_add" in said["compute_plug"] and "the volume stays attached" in said["compute_undo_plug"]
        assert world.act(server_id, "unpause").status_code == 202
        world.cloud.settle()
        assert world.show(server_id)["status"] == "ACTIVE"
        out = world.cloud.delete(f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}")
        assert out.status_code == 202, out.text
        world.cloud.settle()
    assert status(world, volume_id) == "available" and disks(world, server_id) == []
    world.nothing_is_left()


def test_a_guest_that_runs_lets_go_of_the_volume_whose_plug_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_id, volume_id = world.boot(), volume(world)
    plugging_is_not_answered(monkeypatch)
    attach(world, server_id, volume_id)
    world.cloud.settle()
    assert status(world, volume_id) == "available" and disks(world, server_id) == []
    world.nothing_is_left()


def test_a_guest_that_does_not_let_go_keeps_its_volume(world: World) -> None:
    server_id, volume_id = world.boot(), volume(world)
    attach(world, server_id, volume_id)
    world.cloud.settle()
    world.cloud.engines[FakeHypervisor].fail_next("detach_disk", "the guest does not let go")
    world.cloud.delete(f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}")
    assert status(world, volume_id) == "detaching"
    world.cloud.settle()
    assert status(world, volume_id) == "in-use" and disks(world, server_id) == [volume_id]
    world.nothing_is_left()


def test_a_guest_that_lets_go_late_has_its_volume_detached_after_all(world: World) -> None:
    server_id, volume_id, other = world.boot(), volume(world), volume(world)
    for each in (volume_id, other):
        attach(world, server_id, each)
        world.cloud.settle()
    fake = world.cloud.engines[FakeHypervisor]
    fake.fail_next("detach_disk", "the guest does not let go")
    world.cloud.delete(f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}")
    world.cloud.settle()
    world.cloud.sweep()
    world.cloud.settle()
    assert status(world, volume_id) == "in-use" and world.cloud.audit() == []
    for each in (volume_id, other):
        fake.detach_disk(Fence(f"server/{server_id}", 99), server_id, each)
    problems = {f"its guest has no disk of its volume {each}" for each in (volume_id, other)}
    assert {each["problem"] for each in world.cloud.audit()} == problems
    for _ in range(2):
        world.cloud.sweep()
        world.cloud.settle()
    assert (status(world, volume_id), status(world, other)) == ("available", "in-use"), "nobody asked for the other"
    assert [each["problem"] for each in world.cloud.audit()] == [f"its guest has no disk of its volume {other}"]
    told = world.cloud.get("/kumoi/v1/events?limit=1000", as_="admin").json["events"]
    assert [event["subject"] for event in told if event["kind"] == "server.disk.mended"] == [f"server/{server_id}"]


def test_what_may_not_be_plugged(world: World) -> None:
    server_id, volume_id = world.boot(), volume(world)
    assert attach(world, server_id, "5b1f8e1c-0000-4000-8000-000000000000").status_code == 404
    assert attach(world, server_id, "nonsense").status_code == 400
    assert attach(world, server_id, volume_id, version="2.78", delete_on_termination=True).status_code == 400
    world.act(server_id, "suspend")
    world.cloud.settle()
    assert attach(world, server_id, volume_id).status_code == 409
    assert world.cloud.delete(f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}").status_code == 409


def test_boot_from_a_new_volume_that_goes_with_the_server(world: World) -> None:
    mapping = [{
        "boot_index": 0, "uuid": world.image, "source_type": "image", "destination_type": "volume", "volume_size": 2,
        "delete_on_termination": True,
    }, {"boot_index": -1, "source_type": "blank", "destination_type": "volume", "volume_size": 1}]  # fmt: skip
    server_id = world.boot(imageRef=None, block_device_mapping_v2=mapping)
    shown = world.show(server_id)
    assert shown["image"] == ""
    root, data = (each["id"] for each in shown["os-extended-volumes:volumes_attached"])
    assert status(world, root) == status(world, data) == "in-use"
    spec = world.cloud.engines[FakeHypervisor].spec(server_id)
    assert spec.root is None and [(d.volume_id, d.boot_index) for d in spec.disks] == [(root, 0), (data, None)]
    refused = world.cloud.delete(f"{SERVERS}/{server_id}/os-volume_attachments/{root}")
    assert refused.status_code == 403
    assert world.cloud.audit() == []
    world.cloud.delete(f"{SERVERS}/{server_id}")
    world.nothing_is_left()
    assert status(world, root) is None and status(world, data) == "available"


def test_a_failed_boot_takes_its_new_volumes_along(world: World) -> None:
    mine = volume(world)
    mapping = [
        {"boot_index": 0, "uuid": world.image, "source_type": "image", "destination_type": "volume", "volume_size": 2},
        {"boot_index": 1, "uuid": mine, "source_type": "volume", "destination_type": "volume"},
    ]
    world.cloud.engines[FakeHypervisor].fail_next("start", "no memory left")
    server_id = world.ask(imageRef=None, block_device_mapping_v2=mapping).json["server"]["id"]
    assert status(world, mine) in ("reserved", "attaching")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ERROR"
    assert [each["id"] for each in world.cloud.get(VOLUMES).json["volumes"]] == [mine]
    assert status(world, mine) == "available"
    world.cloud.delete(f"{SERVERS}/{server_id}")
    world.nothing_is_left()


def test_a_deletion_over_an_attachment_in_progress(world: World) -> None:
    server_id, volume_id = world.boot(), volume(world)
    attach(world, server_id, volume_id)
    assert world.cloud.delete(f"{SERVERS}/{server_id}").status_code == 204
    world.nothing_is_left()
    assert world.gone(server_id) and status(world, volume_id) == "available"


@pytest.mark.parametrize("moment", ["in", "out"])
def test_a_deletion_over_a_volume_on_its_way_that_goes_with_the_server(world: World, moment: str) -> None:
    server_id, volume_id = world.boot(), volume(world)
    attach(world, server_id, volume_id, delete_on_termination=True)
    if moment == "out":
        world.cloud.settle()
        path = f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}"
        assert world.cloud.delete(path).status_code == 202
    assert world.cloud.delete(f"{SERVERS}/{server_id}").status_code == 204
    world.nothing_is_left()
    assert world.gone(server_id) and status(world, volume_id) is None


def test_mappings_that_make_no_sense(world: World) -> None:
    mine = volume(world)
    for mapping in (
        [{"boot_index": 0, "source_type": "volume", "destination_type": "volume", "uuid": mine}],
        [{"boot_index": 1, "source_type": "blank", "destination_type": "volume", "volume_size": 1}],
        [{"boot_index": 0, "source_type": "image", "destination_type": "volume", "uuid": world.image}],
        [{"boot_index": 0, "source_type": "volume", "destination_type": "local", "uuid": mine}],
        [{"boot_index": 0, "source_type": "moon", "uuid": mine}],
        [{"source_type": "volume", "uuid": "5b1f8e1c-0000-4000-8000-000000000000"}],
    ):
        refused = world.ask(imageRef=None, block_device_mapping_v2=mapping)
        assert refused.status_code == 400, mapping
    assert status(world, mine) == "available"
    assert world.cloud.get(SERVERS).json["servers"] == []


def test_whether_a_volume_goes_with_its_server_may_change(world: World) -> None:
    server_id, volume_id = world.boot(), volume(world)
    attach(world, server_id, volume_id, tag="data")
    world.cloud.settle()
    path = f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}"
    body = {"volumeAttachment": {"volumeId": volume_id, "delete_on_termination": True}}
    assert world.cloud.put(path, version="2.84", json=body).status_code == 400
    assert world.cloud.put(path, version="2.85", json=body).status_code == 202
    is_so = {"id": volume_id, "serverId": server_id, "device": "/dev/vdb", "tag": "data"}
    for name, value in is_so.items():
        for other in ("5b1f8e1c-0000-4000-8000-000000000000", *([None] if name in ("device", "tag") else [])):
            wrong = {"volumeAttachment": {**body["volumeAttachment"], "delete_on_termination": False, name: other}}
            refused = world.cloud.put(path, version="2.85", json=wrong)
            assert refused.status_code == 400 and f"attribute {name}:" in refused.text
        right = {"volumeAttachment": {**body["volumeAttachment"], name: value}}
        assert world.cloud.put(path, version="2.85", json=right).status_code == 202
    shown = world.cloud.get(path, version="2.85").json["volumeAttachment"]
    assert shown == {"volumeId": volume_id, "delete_on_termination": True, **is_so}
    world.cloud.delete(f"{SERVERS}/{server_id}")
    world.nothing_is_left()
    assert status(world, volume_id) is None


def test_a_volume_that_grows_is_among_its_servers_actions(world: World) -> None:
    server_id, volume_id = world.boot(), volume(world)
    assert attach(world, server_id, volume_id).status_code == 200
    world.cloud.settle()
    actions = f"{SERVERS}/{server_id}/os-instance-actions"
    grow = world.cloud.post(f"{VOLUMES}/{volume_id}/action", version="3.42", json={"os-extend": {"new_size": 2}})
    assert grow.status_code == 202, grow.text
    # The server itself is not held meanwhile.
    assert world.cloud.post(f"{SERVERS}/{server_id}/action", json={"pause": None}).status_code == 202
    world.cloud.settle()
    assert status(world, volume_id) == "in-use" and world.show(server_id)["status"] == "PAUSED"
    listed = world.cloud.get(actions).json["instanceActions"]
    assert [each["action"] for each in listed].count("extend_volume") == 1
    (action,) = [each for each in listed if each["action"] == "extend_volume"]
    one = world.cloud.get(f"{actions}/{action['request_id']}", as_="admin", version=LATEST).json["instanceAction"]
    (event,) = one["events"]
    assert (event["event"], event["result"]) == ("compute_extend_volume", "Success") and event["finish_time"]
    free = volume(world)
    world.cloud.post(f"{VOLUMES}/{free}/action", json={"os-extend": {"new_size": 2}})
    world.cloud.settle()
    assert len(world.cloud.get(actions).json["instanceActions"]) == len(listed)


def detach(world: World, server_id: str, volume_id: str) -> Any:
    return world.cloud.delete(f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}")


def test_volumes_of_one_server_queue_behind_each_other(world: World) -> None:
    server_id = world.boot()
    volumes = [volume(world) for _ in range(4)]
    assert [attach(world, server_id, each).status_code for each in volumes] == [200] * 4
    world.cloud.settle()
    assert sorted(disks(world, server_id)) == sorted(volumes)
    assert {status(world, each) for each in volumes} == {"in-use"}
    assert [detach(world, server_id, each).status_code for each in volumes] == [202] * 4
    twice = detach(world, server_id, volumes[-1])
    assert twice.status_code == 400 and "status must be in-use" in twice.text and "detaching" in twice.text
    world.cloud.settle()
    assert disks(world, server_id) == [] and {status(world, each) for each in volumes} == {"available"}
    actions = world.cloud.get(f"{SERVERS}/{server_id}/os-instance-actions", version=LATEST).json["instanceActions"]
    assert [each["action"] for each in actions[:8]] == ["detach_volume"] * 4 + ["attach_volume"] * 4
    world.nothing_is_left()


def test_a_failure_in_front_does_not_stop_what_waits(world: World) -> None:
    server_id, first, second = world.boot(), volume(world), volume(world)
    world.cloud.engines[FakeHypervisor].fail_next("attach_disk", "no slot left")
    assert attach(world, server_id, first).status_code == attach(world, server_id, second).status_code == 200
    world.cloud.settle()
    assert (status(world, first), status(world, second)) == ("available", "in-use")
    world.cloud.delete(f"{SERVERS}/{server_id}")
    world.nothing_is_left()


def test_a_detachment_of_what_is_not_attached_yet_is_refused(world: World) -> None:
    server_id, volume_id = world.boot(), volume(world)
    attach(world, server_id, volume_id)
    early = detach(world, server_id, volume_id)
    assert early.status_code == 400 and "status must be in-use" in early.text
    world.cloud.settle()
    assert status(world, volume_id) == "in-use"


@pytest.mark.parametrize(
    ("action", "argument", "then"),
    [("os-stop", None, "SHUTOFF"), ("reboot", {"type": "SOFT"}, "ACTIVE"), ("reboot", {"type": "HARD"}, "ACTIVE"),
     ("pause", None, "PAUSED"), ("suspend", None, "SUSPENDED")],
)  # fmt: skip
def test_a_power_action_waits_for_an_attachment(world: World, action: str, argument: Any, then: str) -> None:
    server_id, volume_id = world.boot(), volume(world)
    assert attach(world, server_id, volume_id).status_code == 200
    assert world.act(server_id, action, argument).status_code == 202
    assert attach(world, server_id, volume_id).status_code == 409
    world.cloud.settle()
    assert world.show(server_id)["status"] == then and status(world, volume_id) == "in-use"


def test_a_hard_reboot_over_a_reboot_leaves_the_attachment_in_front_of_both(world: World) -> None:
    server_id, volume_id = world.boot(), volume(world)
    assert attach(world, server_id, volume_id).status_code == 200
    assert world.act(server_id, "reboot", {"type": "SOFT"}).status_code == 202
    assert world.act(server_id, "reboot", {"type": "HARD"}).status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and status(world, volume_id) == "in-use"
    assert disks(world, server_id) == [volume_id]
    world.nothing_is_left()


def test_a_deletion_takes_over_what_waits(world: World) -> None:
    server_id, volumes = world.boot(), [volume(world) for _ in range(3)]
    for each in volumes:
        attach(world, server_id, each)
    assert world.cloud.delete(f"{SERVERS}/{server_id}").status_code == 204
    world.cloud.settle()
    assert world.gone(server_id) and {status(world, each) for each in volumes} == {"available"}
    world.nothing_is_left()


def test_what_waits_behind_a_silent_host_gives_up(world: World) -> None:
    server_id, first, second = world.boot(), volume(world), volume(world)
    attach(world, server_id, first)
    attach(world, server_id, second)
    table = operations.operations
    longest = round(operations.QUEUE_SECONDS * clock.SECOND)
    world.cloud.database.write(
        lambda tx: tx.execute(table.update().where(table.c.state == "queued").values(created_at=tx.now - longest - 1))
    )
    reconcile.sweepers["cloud.queue"].run(reconcile.View(world.cloud.database, world.cloud.locate))
    assert status(world, second) == "available"
    world.cloud.settle()
    assert status(world, first) == "in-use" and disks(world, server_id) == [first]
    actions = world.cloud.get(f"{SERVERS}/{server_id}/os-instance-actions", version=LATEST).json["instanceActions"]
    assert "Error" in {each["message"] for each in actions}
    world.nothing_is_left()
