"""Network cards of servers: attached, detached, given and created."""

from typing import Any

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.network.fake.wiring import FakeWiring
from kumoi.kernel import clock, runner
from kumoi.kernel.clock import VirtualClock
from kumoi.kernel.fences import Fence
from kumoi.kernel.operations import Failed
from kumoi.services.block_storage import bootstrap as block_storage
from tests.cloud import OTHER_PROJECT
from tests.services.compute.world import LATEST, SERVERS, World

NETWORKS, SUBNETS, PORTS = "/network/v2.0/networks", "/network/v2.0/subnets", "/network/v2.0/ports"


def path(server_id: str) -> str:
    return f"{SERVERS}/{server_id}/os-interface"


def cards(world: World, server_id: str) -> list[str]:
    return [nic.port_id for nic in world.cloud.engines[FakeHypervisor].spec(server_id).nics]


def attach(world: World, server_id: str, **asked: Any) -> Any:
    return world.cloud.post(path(server_id), version=LATEST, json={"interfaceAttachment": asked})


def test_a_card_on_a_network_in_and_out(world: World) -> None:
    server_id = world.boot()
    made = attach(world, server_id, net_id=world.network, tag="second")
    assert made.status_code == 200, made.text
    port_id = made.json["interfaceAttachment"]["port_id"]
    world.cloud.settle()
    assert port_id in cards(world, server_id) and len(cards(world, server_id)) == 2
    listed = world.cloud.get(path(server_id), version="2.69").json["interfaceAttachments"]
    assert len(listed) == 2 and "tag" not in listed[0]
    shown = world.cloud.get(f"{path(server_id)}/{port_id}", version="2.70").json["interfaceAttachment"]
    assert shown["port_state"] == "ACTIVE" and shown["tag"] == "second" and shown["net_id"] == world.network
    assert len(world.show(server_id)["addresses"]["private"]) == 2
    assert world.cloud.audit() == []
    assert world.cloud.delete(f"{path(server_id)}/{port_id}").status_code == 202
    world.cloud.settle()
    assert port_id not in cards(world, server_id)
    assert world.cloud.get(f"{PORTS}/{port_id}").status_code == 404
    world.nothing_is_left()


def test_a_port_that_is_given_stays_when_the_card_goes(world: World) -> None:
    server_id = world.boot(networks="none")
    port_id = world.cloud.post(PORTS, json={"port": {"network_id": world.network}}).json["port"]["id"]
    assert attach(world, server_id, port_id=port_id).status_code == 200
    assert attach(world, server_id, port_id=port_id).status_code in (400, 409)
    world.cloud.settle()
    assert cards(world, server_id) == [port_id]
    world.cloud.delete(f"{path(server_id)}/{port_id}")
    world.cloud.settle()
    assert world.cloud.get(f"{PORTS}/{port_id}").json["port"]["device_id"] == ""
    world.nothing_is_left()


def test_a_plug_that_fails_gives_the_port_back(world: World) -> None:
    server_id = world.boot()
    world.cloud.engines[FakeHypervisor].fail_next("attach_nic", "no slot left")
    port_id = attach(world, server_id, net_id=world.network).json["interfaceAttachment"]["port_id"]
    world.cloud.settle()
    assert world.cloud.get(f"{PORTS}/{port_id}").status_code == 404
    assert world.show(server_id)["status"] == "ACTIVE"
    world.nothing_is_left()


def test_a_guest_that_stands_still_keeps_the_card_that_failed_until_it_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never_up(moment: str, kind: str, step: str, direction: str) -> None:
        if (moment, kind, step) == ("before", "server.attach_interface", "network_up") and direction == "forward":
            raise Failed("the port is never up")

    with clock.using(VirtualClock()):
        server_id = world.boot()
        world.act(server_id, "pause")
        world.cloud.settle()
        monkeypatch.setattr(runner, "probe", never_up)
        port_id = attach(world, server_id, net_id=world.network).json["interfaceAttachment"]["port_id"]
        world.cloud.settle(200)
        assert world.cloud.get(f"{PORTS}/{port_id}").status_code == 404 and port_id in cards(world, server_id)
        assert port_id not in world.cloud.engines[FakeWiring].plugged()
        assert world.act(server_id, "unpause").status_code == 202
        world.cloud.settle()
        world.cloud.sweep()
        world.cloud.settle()
        assert world.show(server_id)["status"] == "ACTIVE" and port_id not in cards(world, server_id)
        assert world.cloud.audit() == []


def test_the_card_of_a_stopped_server(world: World) -> None:
    server_id = world.boot()
    world.act(server_id, "os-stop")
    world.cloud.settle()
    assert attach(world, server_id, net_id=world.network).status_code == 200
    world.cloud.settle()
    assert len(cards(world, server_id)) == 2
    world.act(server_id, "os-start")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and len(cards(world, server_id)) == 2


def test_a_deletion_over_a_card_on_its_way(world: World) -> None:
    server_id = world.boot()
    attach(world, server_id, net_id=world.network)
    assert world.cloud.delete(f"{SERVERS}/{server_id}").status_code == 204
    world.nothing_is_left()


def lose_port(world: World, server_id: str) -> str:
    """Deletes the server's first port through the network API."""
    port_id = cards(world, server_id)[0]
    assert world.cloud.delete(f"{PORTS}/{port_id}").status_code == 204
    assert world.cloud.get(path(server_id)).json["interfaceAttachments"] == []
    return port_id


def told(world: World, server_id: str) -> dict[str, Any]:
    return dict(world.cloud.engines[FakeHypervisor].spec(server_id).metadata.network_data)


def test_a_port_that_is_deleted_takes_its_card_along(world: World) -> None:
    server_id = world.boot()
    assert told(world, server_id)["links"] != []
    port_id = lose_port(world, server_id)
    world.cloud.settle()
    assert cards(world, server_id) == [] and told(world, server_id)["links"] == []
    assert world.cloud.engines[FakeWiring].plugged() == []
    assert world.show(server_id)["status"] == "ACTIVE" and world.show(server_id)["addresses"] == {}
    actions = world.cloud.get(f"{SERVERS}/{server_id}/os-instance-actions").json["instanceActions"]
    assert [each["action"] for each in actions] == ["detach_interface", "create"]
    assert world.cloud.delete(f"{PORTS}/{port_id}").status_code == 404
    world.nothing_is_left()


def test_a_given_port_that_is_deleted_takes_its_card_along(world: World) -> None:
    server_id = world.boot(networks="none")
    given = world.cloud.post(PORTS, json={"port": {"network_id": world.network}}).json["port"]["id"]
    attach(world, server_id, port_id=given)
    world.cloud.settle()
    attach(world, server_id, net_id=world.network)
    world.cloud.settle()
    assert world.cloud.delete(f"{PORTS}/{given}").status_code == 204
    world.cloud.settle()
    assert len(cards(world, server_id)) == 1 and given not in cards(world, server_id)
    world.nothing_is_left()


@pytest.mark.parametrize(("rests", "goes_on"), [("pause", "unpause"), ("suspend", "resume"), ("os-stop", "os-start")])
def test_a_guest_that_stands_still_loses_its_card_when_it_goes_on(world: World, rests: str, goes_on: str) -> None:
    server_id = world.boot()
    world.act(server_id, rests)
    world.cloud.settle()
    lose_port(world, server_id)
    world.cloud.settle()
    world.cloud.sweep()
    assert world.cloud.engines[FakeWiring].plugged() == [] and world.cloud.audit() == []
    assert world.act(server_id, goes_on).status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and cards(world, server_id) == []
    world.nothing_is_left()


def test_a_port_deleted_while_its_guest_starts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    server_id = str(world.ask().json["server"]["id"])

    def probe(moment: str, kind: str, step: str, direction: str) -> None:
        if (moment, step) == ("called", "start_guest"):
            lose_port(world, server_id)

    monkeypatch.setattr(runner, "probe", probe)
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and cards(world, server_id) == []
    world.nothing_is_left()


def test_a_guest_that_keeps_the_card_is_not_asked_without_end(world: World) -> None:
    server_id = world.boot()
    world.cloud.engines[FakeHypervisor].fail_next("detach_nic", "the guest does not let go")
    port_id = lose_port(world, server_id)
    world.cloud.settle(2.0)
    assert cards(world, server_id) == [port_id]
    assert [each["problem"] for each in world.cloud.audit() if each["service"] == "compute"] != []
    actions = world.cloud.get(f"{SERVERS}/{server_id}/os-instance-actions").json["instanceActions"]
    assert [(each["action"], each["message"]) for each in actions][:1] == [("detach_interface", "Error")]
    assert len(actions) == 2


def test_a_guest_that_lets_go_late_has_its_card_detached_after_all(world: World) -> None:
    server_id = world.boot()
    port_id = attach(world, server_id, net_id=world.network).json["interfaceAttachment"]["port_id"]
    world.cloud.settle()
    fake = world.cloud.engines[FakeHypervisor]
    fake.fail_next("detach_nic", "the guest does not let go")
    world.cloud.delete(f"{path(server_id)}/{port_id}")
    world.cloud.settle()
    world.cloud.sweep()
    world.cloud.settle()
    assert port_id in cards(world, server_id) and world.cloud.audit() == []
    fake.detach_nic(Fence(f"server/{server_id}", 99), server_id, port_id)
    assert f"its guest has no card of its port {port_id}" in {each["problem"] for each in world.cloud.audit()}
    world.cloud.sweep()
    world.cloud.settle()
    assert world.cloud.get(f"{PORTS}/{port_id}").status_code == 404 and len(cards(world, server_id)) == 1
    world.nothing_is_left()


def test_what_may_not_be_plugged(world: World) -> None:
    server_id = world.boot()
    assert attach(world, server_id, net_id=world.network, port_id=world.network).status_code == 400
    assert attach(world, server_id, fixed_ips=[{"ip_address": "10.0.0.9"}]).status_code == 400
    assert attach(world, server_id, net_id=world.network, fixed_ips=[{"ip_address": "192.0.2.9"}]).status_code == 400
    assert world.cloud.delete(f"{path(server_id)}/{world.network}").status_code == 404
    assert len(cards(world, server_id)) == 1


def test_what_an_admin_plugs_in_belongs_to_the_servers_project(world: World) -> None:
    call, others = world.cloud.post, {"as_": "other"}
    theirs = call(NETWORKS, **others, json={"network": {"name": "theirs"}}).json["network"]["id"]
    call(SUBNETS, **others, json={"subnet": {"network_id": theirs, "cidr": "10.9.0.0/24", "ip_version": 4}})
    second = call(NETWORKS, **others, json={"network": {"name": "second"}}).json["network"]["id"]
    call(SUBNETS, **others, json={"subnet": {"network_id": second, "cidr": "10.10.0.0/24", "ip_version": 4}})
    own = call(PORTS, **others, json={"port": {"network_id": theirs}}).json["port"]["id"]
    admins = call(PORTS, as_="admin", json={"port": {"network_id": world.network}}).json["port"]["id"]
    made = world.ask("theirs", as_="other", networks=[{"uuid": theirs}])
    assert made.status_code == 202, made.text
    world.cloud.settle()
    server_id = made.json["server"]["id"]

    def plug(**asked: Any) -> Any:
        answer = call(path(server_id), as_="admin", version=LATEST, json={"interfaceAttachment": asked})
        world.cloud.settle()
        return answer

    foreign = plug(port_id=admins)
    assert foreign.status_code == 400 and admins in foreign.text
    assert plug(port_id=own).status_code == 200
    assert plug().status_code == 409, "several networks of the server's project, and none named"
    world.cloud.delete(f"{NETWORKS}/{second}", as_="other")
    for asked in ({"net_id": theirs}, {}, {"net_id": world.network}):
        plugged = plug(**asked)
        assert plugged.status_code == 200, plugged.text
        port_id = plugged.json["interfaceAttachment"]["port_id"]
        port = world.cloud.get(f"{PORTS}/{port_id}", **others).json["port"]
        assert port["project_id"] == OTHER_PROJECT and port["network_id"] == asked.get("net_id", theirs)
        (group,) = port["security_groups"]
        shown = world.cloud.get(f"/network/v2.0/security-groups/{group}", **others).json["security_group"]
        assert (shown["name"], shown["project_id"]) == ("default", OTHER_PROJECT)
    quota = {"quota": {"port": 5}}
    assert world.cloud.put(f"/network/v2.0/quotas/{OTHER_PROJECT}", as_="admin", json=quota).status_code == 200
    assert plug(net_id=theirs).status_code == 403, "the quota of the server's project"
    world.nothing_is_left()


def test_tags_go_with_the_devices_to_the_host(world: World) -> None:
    world.cloud.database.write(lambda tx: block_storage.bootstrap(tx, world.cloud.settings, {}))
    mapping = [
        {"boot_index": 0, "uuid": world.image, "source_type": "image", "destination_type": "local", "tag": "system",
         "delete_on_termination": True},
        {"boot_index": -1, "source_type": "blank", "destination_type": "volume", "volume_size": 1, "tag": "data"},
    ]  # fmt: skip
    server_id = world.boot(networks=[{"uuid": world.network, "tag": "first"}], block_device_mapping_v2=mapping)
    volume = world.cloud.post("/volume/v3/volumes", json={"volume": {"size": 1}}).json["volume"]["id"]
    world.cloud.settle()
    attach(world, server_id, net_id=world.network, tag="second")
    world.cloud.settle()
    body = {"volumeAttachment": {"volumeId": volume, "tag": "more"}}
    plugged = world.cloud.post(f"{SERVERS}/{server_id}/os-volume_attachments", version="2.49", json=body)
    assert plugged.status_code == 200, plugged.text
    world.cloud.settle()
    spec = world.cloud.engines[FakeHypervisor].spec(server_id)
    assert spec.root is not None and spec.root.tag == "system"
    assert [disk.tag for disk in spec.disks] == ["data", "more"] and [nic.tag for nic in spec.nics] == [
        "first",
        "second",
    ]
    world.act(server_id, "reboot", {"type": "HARD"})
    world.cloud.settle()
    again = world.cloud.engines[FakeHypervisor].spec(server_id)
    assert (again.root, again.disks, again.nics) == (spec.root, spec.disks, spec.nics)


def test_cards_and_volumes_of_one_server_queue_behind_each_other(world: World) -> None:
    server_id = world.boot()
    (first,) = cards(world, server_id)
    made = [attach(world, server_id, net_id=world.network) for _ in range(2)]
    assert [each.status_code for each in made] == [200, 200]
    second, third = (each.json["interfaceAttachment"]["port_id"] for each in made)
    volume_id = world.cloud.post("/volume/v3/volumes", json={"volume": {"size": 1}}).json["volume"]["id"]
    world.cloud.settle()
    body = {"volumeAttachment": {"volumeId": volume_id}}
    assert world.cloud.delete(f"{path(server_id)}/{second}").status_code == 202
    assert world.cloud.post(f"{SERVERS}/{server_id}/os-volume_attachments", json=body).status_code == 200
    assert world.cloud.delete(f"{path(server_id)}/{third}").status_code == 202
    assert world.cloud.delete(f"{path(server_id)}/{third}").status_code == 202
    assert attach(world, server_id, net_id=world.network).status_code == 200
    world.cloud.settle()
    left = cards(world, server_id)
    assert len(left) == 2 and first in left and not {second, third} & set(left)
    assert len(world.cloud.engines[FakeHypervisor].spec(server_id).disks) == 1
    world.nothing_is_left()


def test_a_card_that_is_still_being_attached_can_be_detached(world: World) -> None:
    server_id = world.boot()
    port_id = attach(world, server_id, net_id=world.network).json["interfaceAttachment"]["port_id"]
    assert world.cloud.delete(f"{path(server_id)}/{port_id}").status_code == 202
    world.cloud.settle()
    assert port_id not in cards(world, server_id) and world.cloud.get(f"{PORTS}/{port_id}").status_code == 404
    world.nothing_is_left()
