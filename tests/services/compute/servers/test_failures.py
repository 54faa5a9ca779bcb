"""A failure at any step, or a deletion meanwhile, leaves nothing of a server."""

import json
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestSpec, NetworkSilent
from kumoi.engines.volumes.fake import FakeVolumes
from kumoi.host.agent import Refusal
from kumoi.host.client import Unreachable
from kumoi.kernel import clock, operations, runner
from kumoi.kernel.clock import SECOND
from kumoi.kernel.fences import Fence
from kumoi.services.compute.servers.operations.create import CREATE
from kumoi.services.network.port_rows.models import ports
from kumoi.services.placement import facade as placement
from tests.services.compute.world import LATEST, SERVERS, World

STEPS = [step.name for step in CREATE.steps]


def taken(world: World) -> tuple[int, int, int]:
    """The numbers of servers' ports, claims and guests."""
    count = sa.select(sa.func.count()).where(ports.c.device_owner.startswith("compute:"))
    return (
        int(world.cloud.database.read(lambda tx: tx.scalar(count))),
        len(world.cloud.database.read(placement.consumers)),
        len(world.cloud.engines[FakeHypervisor].states()),
    )


def fail(world: World, method: str) -> None:
    kind = FakeVolumes if method == "prepare_base" else FakeHypervisor
    world.cloud.engines[kind].fail_next(method, "the disk is full")


@pytest.mark.parametrize("method", ["prepare_base", "start"])
def test_a_failed_step_ends_in_error_and_gives_everything_back(world: World, method: str) -> None:
    fail(world, method)
    server_id = world.ask().json["server"]["id"]
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == "ERROR"
    assert shown["fault"]["code"] == 500 and "the disk is full" in shown["fault"]["message"]
    assert "details" not in shown["fault"] and "details" in world.show(server_id, as_="admin")["fault"]
    assert taken(world) == (0, 0, 0)
    assert world.cloud.audit() == []
    world.cloud.delete(f"{SERVERS}/{server_id}")
    world.nothing_is_left()
    assert world.gone(server_id)


def test_a_network_that_is_silent_for_a_while_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hypervisor = world.cloud.engines[FakeHypervisor]
    start, silence = hypervisor.start, [NetworkSilent("a network card is not plugged yet")] * 3

    def start_after_a_while(fence: Fence, spec: GuestSpec) -> None:
        if silence:
            raise silence.pop()
        start(fence, spec)

    monkeypatch.setattr(hypervisor, "start", start_after_a_while)
    server_id = world.ask().json["server"]["id"]
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and silence == []


def test_no_room_is_explained_to_an_admin(world: World) -> None:
    body = {"flavor": {"name": "huge", "id": "huge", "vcpus": 1, "ram": 40_000_000, "disk": 1}}
    assert world.cloud.post("/compute/v2.1/flavors", as_="admin", json=body).status_code == 200
    world.cloud.put("/compute/v2.1/os-quota-sets/" + "1" * 32, as_="admin", json={"quota_set": {"ram": -1}})
    server_id = world.ask(flavorRef="huge").json["server"]["id"]
    world.cloud.settle()
    told = world.show(server_id)["fault"]["message"]
    assert told.startswith("No valid host was found. There are not enough hosts available. The only host: at least ")
    assert "MiB of memory short." in told and "host-1" not in told
    assert "MiB of memory short" in world.show(server_id, as_="admin")["fault"]["details"]
    path = f"{SERVERS}/{server_id}/os-instance-actions"
    (action,) = world.cloud.get(path, version="2.84").json["instanceActions"]
    for as_, named in (("member", False), ("admin", True)):
        shown = world.cloud.get(f"{path}/{action['request_id']}", as_=as_, version="2.84").json["instanceAction"]
        details = next(event["details"] for event in shown["events"] if event["result"] == "Error")
        assert "MiB of memory short" in details and ("host-1" in details) == named
    assert taken(world) == (0, 0, 0)


def run_out_of_time(world: World) -> None:
    """Active operations are tried once, and again long after their deadline, forward and backward."""
    table = operations.operations
    late = {"next_at": clock.now(), "step_since": table.c.step_since - 10_000 * SECOND}
    for _ in range(3):
        while world.cloud.runner.run_one():
            pass
        world.cloud.database.write(
            lambda tx: tx.execute(table.update().where(table.c.state.in_(operations.ACTIVE_STATES)).values(**late))
        )


PATH, DEFECT = "/srv/kumoi/run/agent.sock: [Errno 2] No such file", "TypeError: unexpected keyword argument"
SWITCH = "Open vSwitch on this host does not answer: unix:/srv/kumoi/ovn/db.sock"
HIDDEN = [
    (PATH, "its host does not answer"), (DEFECT, "its host failed"), (SWITCH, "the network of its host does not answer"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "told"), HIDDEN, ids=["silent", "broken", "without a network"])
@pytest.mark.parametrize("what", ["create", "start", "delete"])
def test_what_is_known_of_a_host_is_for_admins(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, what: str, said: str, told: str
) -> None:
    if what != "create":
        server_id = world.boot()
        world.act(server_id, "os-stop")
        world.cloud.settle()

    (transport,) = world.cloud.engines[Hosts].transports.values()
    reach = transport.send

    def send(path: str, body: bytes, within: float) -> tuple[int, bytes]:
        if "/hypervisor/" not in path:
            return reach(path, body, within)
        if said == PATH:
            raise Unreachable(said)
        error = "Fault" if said == DEFECT else "NetworkSilent"
        return 500, msgspec.json.encode(Refusal(error, said))

    monkeypatch.setattr(transport, "send", send)
    caplog.set_level(logging.INFO)
    if what == "create":
        server_id = world.ask().json["server"]["id"]
    elif what == "start":
        assert world.act(server_id, "os-start").status_code == 202
    else:
        assert world.cloud.delete(f"{SERVERS}/{server_id}").status_code == 204
    run_out_of_time(world)
    path = f"{SERVERS}/{server_id}/os-instance-actions"
    action = world.cloud.get(path, version=LATEST).json["instanceActions"][0]
    seen: dict[str, str] = {}
    for as_ in ("member", "reader", "admin"):
        shown = [world.show(server_id, as_=as_)["fault"]]
        shown.append(world.cloud.get(f"{path}/{action['request_id']}", as_=as_, version=LATEST).json)
        shown.append(world.cloud.get("/kumoi/v1/operations", as_=as_).json)
        shown.append(world.cloud.get("/kumoi/v1/events", as_=as_).json)
        assert told in shown[0]["message"]
        seen[as_] = json.dumps(shown)
    assert said not in seen["member"] + seen["reader"] and said in seen["admin"]
    assert said in world.show(server_id, as_="admin")["fault"]["details"]
    if what == "delete":
        (at_work,) = (row["problem"] for row in world.cloud.audit() if row["kind"] == "server.delete")
        assert said in at_work
    missed = next(record for record in caplog.records if record.getMessage() == "a deadline was missed")
    assert said in missed.facts["reason"]  # type: ignore[attr-defined]


def walk_to(world: World, step: str) -> None:
    """Execute the creation up to the step. What it waits for does not happen."""
    taken = world.cloud.runner._take()
    assert taken is not None
    row, fences = taken
    while row["step"] != step:
        row = world.cloud.runner._one_step(CREATE, row, fences)
        assert row["state"] == operations.RUNNING


@pytest.mark.parametrize("step", STEPS)
def test_a_deletion_during_creation_leaves_nothing(world: World, step: str) -> None:
    server_id = world.ask().json["server"]["id"]
    walk_to(world, step)
    assert world.cloud.delete(f"{SERVERS}/{server_id}").status_code == 204
    world.nothing_is_left()
    assert world.gone(server_id) and taken(world) == (0, 0, 0)


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_between_doing_and_writing_repeats_the_step(
    world: World, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_id = world.ask().json["server"]["id"]
    walk_to(world, step)
    once(world, step, monkeypatch)
    world.cloud.database.write(
        lambda tx: tx.execute(operations.operations.update().values(lease=None, lease_until=0, next_at=0))
    )
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE"
    assert taken(world) == (1, 1, 1)
    assert world.cloud.audit() == []


def once(world: World, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the step as a runner that dies before it writes."""
    row = world.cloud.database.read(operations.unfinished)[0]
    subjects = world.cloud.database.read(lambda tx: tx.all(sa.select(operations.generations)))
    fences = {
        each["subject"]: each["generation"]
        for each in subjects
        if each["subject"] == f"server/{row['arguments']['server_id']}"
    }
    context = operations.Context(world.cloud.database, world.cloud.locate, row, fences)
    do = CREATE.steps[CREATE.index(step)].do
    if do is not None:
        do(context)


def test_a_runner_that_lost_its_lease_changes_nothing_after_a_deletion(world: World) -> None:
    server_id = world.ask().json["server"]["id"]
    row, fences = world.cloud.runner._take()
    while row["step"] != "start_guest":
        row = world.cloud.runner._one_step(CREATE, row, fences)
    world.cloud.delete(f"{SERVERS}/{server_id}")
    world.cloud.settle()
    with pytest.raises(runner.LeaseLost):
        world.cloud.runner._one_step(CREATE, row, fences)
    assert taken(world) == (0, 0, 0) and world.gone(server_id)


def test_a_deletion_goes_on_until_the_host_does_as_told(world: World) -> None:
    server_id = world.boot()
    fake = world.cloud.engines[FakeHypervisor]
    fake.fail_next("destroy", "the disk is busy")
    world.cloud.delete(f"{SERVERS}/{server_id}")
    world.nothing_is_left()
    assert world.gone(server_id)


def test_a_lost_wait_for_the_network_ends_in_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from kumoi.kernel import clock
    from kumoi.services.network.facade import ports

    never: Callable[..., Any] = lambda tx, port_ids: False  # noqa: E731
    monkeypatch.setattr(ports, "all_up", never)
    server_id = world.ask().json["server"]["id"]
    with clock.using(clock.VirtualClock(clock.now())):
        world.cloud.settle(600)
    assert world.show(server_id)["status"] == "ERROR"
    assert "network up" in world.show(server_id)["fault"]["message"]
    assert taken(world) == (0, 0, 0)
