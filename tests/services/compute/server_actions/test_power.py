"""Power, pauses and locks of servers."""

from typing import Any

import pytest

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestState
from kumoi.host.client import StillBusy, Unreachable
from kumoi.kernel import clock
from kumoi.kernel.reconcile import View
from kumoi.services.compute.guests.reconcilers import power_state
from tests.services.compute.world import LATEST, SERVERS, World


def guest(world: World, server_id: str) -> GuestState:
    state: GuestState = world.cloud.engines[FakeHypervisor].state(server_id)
    return state


@pytest.mark.parametrize(
    ("there", "argument", "status", "state", "back"),
    [
        ("os-stop", None, "SHUTOFF", GuestState.OFF, "os-start"),
        ("pause", None, "PAUSED", GuestState.PAUSED, "unpause"),
        ("suspend", None, "SUSPENDED", GuestState.SUSPENDED, "resume"),
    ],
)
def test_there_and_back(world: World, there: str, argument: object, status: str, state: GuestState, back: str) -> None:
    server_id = world.boot()
    assert world.act(server_id, there, argument).status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == status and guest(world, server_id) is state
    assert world.act(server_id, there, argument).status_code == 409
    assert world.cloud.audit() == []
    assert world.act(server_id, back).status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and guest(world, server_id) is GuestState.RUNNING
    assert world.act(server_id, back).status_code == 409


@pytest.mark.parametrize("kind", ["SOFT", "HARD", "soft"])
def test_reboot(world: World, kind: str) -> None:
    server_id = world.boot()
    assert world.act(server_id, "reboot", {"type": kind}).status_code == 202
    assert world.show(server_id)["status"] == ("HARD_REBOOT" if kind == "HARD" else "REBOOT")
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE"
    said = world.act(server_id, "os-getConsoleOutput", {}).json["output"]
    assert said.count("boots") == 2
    assert world.act(server_id, "reboot", {"type": "GENTLE"}).status_code == 400


def test_a_start_that_fails_is_an_error_that_a_hard_reboot_ends(world: World) -> None:
    server_id = world.boot()
    world.act(server_id, "os-stop")
    world.cloud.settle()
    world.cloud.engines[FakeHypervisor].fail_next("start", "no memory left")
    world.act(server_id, "os-start")
    world.cloud.settle()
    shown = world.show(server_id)
    assert shown["status"] == "ERROR" and "no memory left" in shown["fault"]["message"]
    assert world.act(server_id, "reboot", {"type": "SOFT"}).status_code == 409
    assert world.act(server_id, "reboot", {"type": "HARD"}).status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and "fault" not in world.show(server_id)


def test_a_pause_that_fails_leaves_the_server_as_it_was(world: World) -> None:
    server_id = world.boot()
    world.cloud.engines[FakeHypervisor].fail_next("pause", "not now")
    world.act(server_id, "pause")
    assert world.show(server_id)["OS-EXT-STS:task_state"] == "pausing"
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE" and world.show(server_id)["OS-EXT-STS:task_state"] is None


def test_a_hard_reboot_takes_over_a_stop_in_progress(world: World) -> None:
    server_id = world.boot()
    world.act(server_id, "os-stop")
    assert world.act(server_id, "pause").status_code == 409
    assert world.act(server_id, "reboot", {"type": "HARD"}).status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE"
    assert world.cloud.audit() == []


def test_a_guest_that_ignores_its_power_button_is_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    server_id = world.boot()
    fake = world.cloud.engines[FakeHypervisor]
    pressed = []
    monkeypatch.setattr(fake, "ask_shutdown", lambda fence, server_id: pressed.append(server_id))
    world.act(server_id, "os-stop")
    with clock.using(clock.VirtualClock(clock.now())):
        began = clock.now()
        world.cloud.settle(300)
        assert 59 < (clock.now() - began) / clock.SECOND < 70
    assert world.show(server_id)["status"] == "SHUTOFF" and len(pressed) > 3


class BusyUntil:
    """Hosts that are busy or silent until an instant. They still report the state of guests."""

    def __init__(self, real: Any, instant: int, error: type[Unreachable] = StillBusy) -> None:
        self.real, self.instant, self.error = real, instant, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def hypervisor(self, host: str) -> Any:
        engine, instant, error = self.real.hypervisor(host), self.instant, self.error

        class Busy:
            def __getattr__(self, method: str) -> Any:
                if method not in ("state", "states") and clock.now() < instant:
                    raise error("an earlier order is still being carried out")
                return getattr(engine, method)

        return Busy()


@pytest.mark.parametrize("before", ["suspend", "os-stop", "pause"])
@pytest.mark.parametrize("then", ["hard reboot", "delete"])
def test_who_takes_over_waits_for_what_the_host_is_at(world: World, before: str, then: str) -> None:
    """Saving a guest's memory may take a host five minutes, in which it accepts no other order for the guest."""
    server_id = world.boot()
    world.act(server_id, before)
    with clock.using(clock.VirtualClock(clock.now())):
        world.cloud.engines[Hosts] = BusyUntil(world.cloud.engines[Hosts], clock.now() + 300 * clock.SECOND)
        if then == "delete":
            world.cloud.delete(f"{SERVERS}/{server_id}")
        else:
            assert world.act(server_id, "reboot", {"type": "HARD"}).status_code == 202
        world.cloud.settle(290)
        if then == "delete":
            assert world.show(server_id)["status"] != "ERROR"
        world.cloud.settle(100)
        assert world.cloud.audit() == []
    if then == "delete":
        assert world.gone(server_id)
    else:
        assert world.show(server_id)["status"] == "ACTIVE" and guest(world, server_id) is GuestState.RUNNING


def test_a_pause_waits_for_what_the_host_is_at(world: World) -> None:
    server_id = world.boot()
    with clock.using(clock.VirtualClock(clock.now())):
        world.cloud.engines[Hosts] = BusyUntil(world.cloud.engines[Hosts], clock.now() + 300 * clock.SECOND)
        world.act(server_id, "pause")
        world.cloud.settle(400)
    assert world.show(server_id)["status"] == "PAUSED"


def test_a_host_that_does_not_answer_is_told_sooner(world: World) -> None:
    server_id = world.boot()
    with clock.using(clock.VirtualClock(clock.now())):
        world.cloud.engines[Hosts] = BusyUntil(
            world.cloud.engines[Hosts], clock.now() + 300 * clock.SECOND, Unreachable
        )
        world.act(server_id, "pause")
        world.cloud.settle(100)
        assert (world.show(server_id)["status"], world.show(server_id)["OS-EXT-STS:task_state"]) == ("ACTIVE", None)


def test_an_admins_lock_is_not_the_owners_to_change(world: World) -> None:
    server_id = world.boot()
    assert world.act(server_id, "lock", {"locked_reason": "mine"}).status_code == 202
    assert world.act(server_id, "lock", {"locked_reason": "other"}).status_code == 202
    assert world.show(server_id)["locked_reason"] == "mine"
    assert world.act(server_id, "lock", {"locked_reason": "theirs"}, as_="system").status_code == 202
    assert world.show(server_id)["locked_reason"] == "theirs"
    assert world.act(server_id, "unlock").status_code == 403
    assert world.act(server_id, "lock", {"locked_reason": "mine again"}).status_code == 202
    assert world.show(server_id)["locked_reason"] == "theirs"
    assert world.act(server_id, "unlock").status_code == 403
    assert world.act(server_id, "unlock", as_="system").status_code == 202
    assert world.show(server_id)["locked"] is False and world.show(server_id)["locked_reason"] is None


def test_locks(world: World) -> None:
    server_id = world.boot()
    assert world.act(server_id, "lock", {"locked_reason": "hands off"}).status_code == 202
    shown = world.show(server_id)
    assert shown["locked"] is True and shown["locked_reason"] == "hands off"
    assert "locked_reason" not in world.show(server_id, version="2.72")
    assert world.act(server_id, "lock", {"locked_reason": "x"}, version="2.72").status_code == 400
    refused = world.act(server_id, "os-stop")
    assert (
        refused.status_code == 409
        and refused.json["conflictingRequest"]["message"] == f"Instance {server_id} is locked"
    )
    assert world.cloud.delete(f"{SERVERS}/{server_id}").status_code == 409
    assert world.act(server_id, "os-stop", as_="admin").status_code == 202
    assert world.act(server_id, "unlock").status_code == 202
    assert world.show(server_id)["locked"] is False


def test_states_by_an_admins_word(world: World) -> None:
    server_id = world.boot()
    assert world.act(server_id, "os-resetState", {"state": "error"}).status_code == 403
    assert world.act(server_id, "os-resetState", {"state": "error"}, as_="admin").status_code == 202
    assert world.show(server_id)["status"] == "ERROR"
    assert world.act(server_id, "os-resetState", {"state": "active"}, as_="admin").status_code == 202
    assert world.show(server_id)["status"] == "ACTIVE"


def test_what_is_not_built_says_so(world: World) -> None:
    server_id = world.boot()
    refused = world.act(server_id, "migrate", as_="admin")
    assert refused.status_code == 501 and "docs/compute.md" in refused.json["notImplemented"]["message"]
    assert world.act(server_id, "no-such-action").status_code == 400
    assert world.act("5b1f8e1c-0000-4000-8000-000000000000", "resize", {"flavorRef": "2"}).status_code == 404


def test_a_crash_dump_interrupts_the_guest(world: World) -> None:
    server_id = world.boot()
    assert world.act(server_id, "trigger_crash_dump", version="2.16").status_code == 400
    assert world.act(server_id, "trigger_crash_dump", version="2.17").status_code == 202
    world.cloud.settle()
    assert "NMI received" in world.act(server_id, "os-getConsoleOutput", {}).json["output"]
    assert world.show(server_id)["status"] == "ACTIVE"
    world.act(server_id, "os-stop")
    world.cloud.settle()
    refused = world.act(server_id, "trigger_crash_dump")
    message = f"Cannot 'trigger_crash_dump' instance {server_id} while it is in vm_state stopped"
    assert refused.status_code == 409 and message in refused.json["conflictingRequest"]["message"]


def test_passwords_need_an_agent_in_the_guest(world: World) -> None:
    server_id = world.boot()
    refused = world.act(server_id, "changePassword", {"adminPass": "new"})
    assert refused.status_code == 409 and "agent is not enabled" in refused.json["conflictingRequest"]["message"]
    world.act(server_id, "os-stop")
    world.cloud.settle()
    refused = world.act(server_id, "changePassword", {"adminPass": "new"})
    assert refused.status_code == 409 and "vm_state stopped" in refused.json["conflictingRequest"]["message"]


@pytest.mark.parametrize(("version", "status"), [("2.77", 404), ("2.78", 200)])
def test_guests_have_no_numa_topology(world: World, version: str, status: int) -> None:
    server_id = world.boot()
    told = world.cloud.get(f"{SERVERS}/{server_id}/topology", version=version)
    assert told.status_code == status
    if status == 200:
        assert told.json == {"nodes": [], "pagesize_kb": None}


@pytest.mark.parametrize("event", ["shut_itself_down", "die"])
def test_what_a_guest_does_by_itself_is_seen(world: World, event: str) -> None:
    server_id = world.boot()
    getattr(world.cloud.engines[FakeHypervisor], event)(server_id)
    assert [each["id"] for each in world.cloud.audit()] == [server_id]
    power_state.follow(View(world.cloud.database, world.cloud.locate))
    world.cloud.settle()
    shown = world.show(server_id)
    assert (shown["status"], shown["OS-EXT-STS:power_state"]) == ("SHUTOFF", 4) and "fault" not in shown
    assert world.cloud.audit() == []
    assert world.act(server_id, "os-start").status_code == 202
    world.cloud.settle()
    assert world.show(server_id)["status"] == "ACTIVE"


def test_the_actions_of_a_server_say_why_it_stopped(world: World) -> None:
    server_id = world.boot()
    world.cloud.engines[FakeHypervisor].die(server_id)
    power_state.follow(View(world.cloud.database, world.cloud.locate))
    power_state.follow(View(world.cloud.database, world.cloud.locate))
    world.cloud.settle()
    path = f"{SERVERS}/{server_id}/os-instance-actions"
    listed = world.cloud.get(path, version=LATEST).json["instanceActions"]
    assert [(each["action"], each["message"]) for each in listed] == [("stop", None), ("create", None)]
    shown = world.cloud.get(f"{path}/{listed[0]['request_id']}", version=LATEST).json["instanceAction"]
    assert "process ended unexpectedly: the fake was told" in shown["events"][0]["details"]


def test_a_guest_without_room_is_paused_with_the_reason_and_active_when_it_goes_on(world: World) -> None:
    server_id = world.boot()
    view, fake = View(world.cloud.database, world.cloud.locate), world.cloud.engines[FakeHypervisor]
    fake.run_out_of_room(server_id)
    power_state.follow(view)
    assert world.show(server_id)["status"] == "PAUSED"
    fake.run_out_of_room(server_id, again=True)
    power_state.follow(view)
    assert world.show(server_id)["status"] == "ACTIVE"
    told = world.cloud.get("/kumoi/v1/events?kind=server.state.mended").json["events"]
    assert ["disk of its host is full" in str(each) for each in told if server_id in str(each)].count(True) == 1


def test_the_sweep_leaves_servers_alone_that_something_works_on(world: World) -> None:
    server_id = world.boot()
    world.act(server_id, "os-stop")
    world.cloud.engines[FakeHypervisor].shut_itself_down(server_id)
    power_state.follow(View(world.cloud.database, world.cloud.locate))
    assert world.show(server_id)["OS-EXT-STS:task_state"] == "powering-off"
    world.cloud.settle()
    assert world.show(server_id)["status"] == "SHUTOFF"


def test_the_event_of_a_mended_state_does_not_name_the_host(world: World) -> None:
    server_id = world.boot()
    world.cloud.engines[FakeHypervisor].shut_itself_down(server_id)
    power_state.follow(View(world.cloud.database, world.cloud.locate))
    events = world.cloud.get("/kumoi/v1/events").json["events"]
    (found,) = [event for event in events if event["kind"] == "server.state.mended"]
    assert found["facts"]["problem"] == "its guest was off" and "host-1" not in str(found)
