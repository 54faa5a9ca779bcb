"""Orders through the agent: encoding, errors, fences, restarts and the socket."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestState, Hypervisor, HypervisorError
from kumoi.engines.network.interface import NetworkError, NotThere, Wiring
from kumoi.host.agent import Agent
from kumoi.host.client import HostFault, InProcess, Transport, UnixSocket, Unreachable, remote
from kumoi.host.fences import Fences
from kumoi.host.server import listen, serve
from kumoi.kernel import clock
from kumoi.kernel.fences import Busy, Fence, Stale
from tests.engines.hypervisor.contract import fence, guest_spec, until


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent({"hypervisor": FakeHypervisor(tmp_path)}, Fences(tmp_path / "fences.db"))


@pytest.fixture
def hypervisor(agent: Agent) -> Hypervisor:
    return remote(Hypervisor, InProcess(agent))


def test_an_older_generation_is_refused_and_changes_nothing(hypervisor: Hypervisor) -> None:
    spec = guest_spec()
    hypervisor.start(fence(spec.server_id, 3), spec)
    with pytest.raises(Stale, match="generation 2 is older than 3"):
        hypervisor.destroy(fence(spec.server_id, 2), spec.server_id)
    assert hypervisor.state(spec.server_id) is GuestState.RUNNING
    hypervisor.pause(fence(spec.server_id, 3), spec.server_id)


def test_a_destroyed_subject_is_remembered_across_restarts(tmp_path: Path) -> None:
    def restarted() -> Hypervisor:
        return remote(
            Hypervisor, InProcess(Agent({"hypervisor": FakeHypervisor(tmp_path)}, Fences(tmp_path / "fences.db")))
        )

    spec = guest_spec()
    restarted().destroy(fence(spec.server_id, 7), spec.server_id)
    with pytest.raises(Stale):
        restarted().start(fence(spec.server_id, 6), spec)
    assert restarted().state(spec.server_id) is GuestState.ABSENT
    restarted().start(fence(spec.server_id, 7), spec)


def test_subjects_are_forgotten_after_a_month(tmp_path: Path) -> None:
    virtual = clock.VirtualClock()
    with clock.using(virtual):
        old = Fence("server/a", 5)
        with Fences(tmp_path / "f.db").holding(old):
            pass
        virtual.advance(29 * 24 * 3600)
        assert Fences(tmp_path / "f.db").last("server/a") == old
        virtual.advance(2 * 24 * 3600)
        assert Fences(tmp_path / "f.db").last("server/a") is None


def test_a_newer_order_waits_for_the_older_one_in_flight(tmp_path: Path) -> None:
    fences = Fences(tmp_path / "f.db")
    order = []
    inside, go_on = threading.Event(), threading.Event()

    def old() -> None:
        with fences.holding(Fence("server/a", 1)):
            inside.set()
            go_on.wait(5)
            order.append("old")

    def new() -> None:
        with fences.holding(Fence("server/a", 2)):
            order.append("new")

    threads = [threading.Thread(target=old), threading.Thread(target=new)]
    threads[0].start()
    inside.wait(5)
    threads[1].start()
    with fences.holding(Fence("server/b", 1)):
        order.append("other")
    with pytest.raises(Busy), fences.holding(Fence("server/a", 2), patience=0.01):
        pass
    go_on.set()
    for thread in threads:
        thread.join(5)
    assert order == ["other", "old", "new"]
    assert fences.orders == {}


def test_errors_come_back_as_they_were_raised(agent: Agent) -> None:
    class Broken:
        def plugged(self) -> list[str]:
            raise NotThere("port p is not applied")

        def served_networks(self) -> dict[str, str]:
            raise NetworkError("no OVS")

        def inventory(self) -> None:
            raise ZeroDivisionError("one of ours")

    wiring = remote(Wiring, InProcess(Agent({"wiring": Broken()}, agent.fences)))
    with pytest.raises(NotThere, match="port p is not applied"):
        wiring.plugged()
    with pytest.raises(NetworkError, match="no OVS"):
        wiring.served_networks()
    with pytest.raises(HostFault, match="one of ours"):
        wiring.inventory()


def test_bad_orders_name_the_field(agent: Agent) -> None:
    assert agent.answer("hypervisor", "state", b'{"server_id": 5}') == (
        400,
        b'{"error":"BadOrder","message":"Expected `str`, got `int` - at `$.server_id`"}',
    )
    assert agent.answer("hypervisor", "state", b"{}")[0] == 400
    assert agent.answer("hypervisor", "state", b'{"server_id": "a", "argv": []}')[0] == 400
    assert agent.answer("hypervisor", "state", b"not JSON")[0] == 400
    assert agent.answer("hypervisor", "close", b"{}")[0] == 404
    assert agent.answer("hypervisor", "_set", b"{}")[0] == 404
    assert agent.answer("volumes", "inventory", b"{}")[0] == 404


class TestOverTheSocket:
    @pytest.fixture
    def transport(self, agent: Agent, tmp_path: Path) -> Iterator[UnixSocket]:
        path = tmp_path / "agent.sock"
        stop = serve(agent, listen(path), threads=4)
        yield UnixSocket(path)
        stop()

    def test_orders_answers_and_errors(self, transport: UnixSocket, tmp_path: Path) -> None:
        assert (tmp_path / "agent.sock").stat().st_mode & 0o777 == 0o660
        hypervisor = remote(Hypervisor, transport)
        spec = guest_spec()
        hypervisor.start(fence(spec.server_id), spec)
        assert hypervisor.states() == {spec.server_id: GuestState.RUNNING}
        with pytest.raises(HypervisorError, match="is not on this host"):
            hypervisor.pause(fence("x"), server_id="x")
        assert transport.idle.qsize() == 1

    def test_fifty_boots_a_second(self, transport: UnixSocket) -> None:
        hypervisor = remote(Hypervisor, transport)
        began = clock.monotonic()
        for _ in range(50):
            spec = guest_spec()
            hypervisor.start(fence(spec.server_id), spec)
        assert clock.monotonic() - began < 2.0

    def test_a_restarted_agent_is_found_again(self, agent: Agent, tmp_path: Path) -> None:
        path = tmp_path / "again.sock"
        transport: Transport = UnixSocket(path)
        hypervisor = remote(Hypervisor, transport)
        with pytest.raises(Unreachable):
            hypervisor.states()
        stop = serve(agent, listen(path), threads=2)
        assert hypervisor.states() == {}
        stop()
        with pytest.raises(Unreachable):
            hypervisor.states()
        stop = serve(agent, listen(path), threads=2)
        assert hypervisor.states() == {}
        stop()

    def test_silence_ends_at_the_deadline(self, agent: Agent, tmp_path: Path) -> None:
        path = tmp_path / "slow.sock"
        agent.engines = {"hypervisor": _Slow()}
        stop = serve(agent, listen(path), threads=2)
        with pytest.raises(Unreachable, match=r"within 0 s"):
            UnixSocket(path).send("/v1/hypervisor/states", b"{}", 0.2)
        assert until(lambda: _Slow.finished)
        stop()


class _Slow:
    finished = False

    def states(self) -> dict[str, GuestState]:
        clock.sleep(0.5)
        _Slow.finished = True
        return {}
