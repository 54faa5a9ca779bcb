"""Orders through the agent: encoding, errors, fences, restarts and the socket."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestState, Hypervisor, HypervisorError
from kumoi.engines.network.interface import NetworkError, NotThere, Wiring
from kumoi.engines.volumes.fake import FakeVolumes
from kumoi.engines.volumes.interface import Base, Volumes, VolumesError
from kumoi.host.agent import Agent
from kumoi.host.client import HostFault, InProcess, Transport, UnixSocket, Unreachable, remote
from kumoi.host.fences import Fences
from kumoi.host.server import listen, serve
from kumoi.kernel import clock
from kumoi.kernel.fences import Busy, Fence, Stale
from kumoi.kernel.randomness import new_uuid
from tests.engines.hypervisor.contract import fence, guest_spec
from tests.waits import PATIENCE, ended, until


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


def test_an_engine_that_is_at_work_on_the_same_thing_is_asked_again(tmp_path: Path) -> None:
    """Busy is not a refusal, whoever sent the earlier order."""
    fake = FakeVolumes(tmp_path)
    volumes = remote(Volumes, InProcess(Agent({"volumes": fake}, Fences(tmp_path / "fences.db"))))
    image = new_uuid()
    with (
        fake.working("image", image),
        pytest.raises(Unreachable, match=f"image {image} is still being carried out") as busy,
    ):
        volumes.prepare_base(fence("one", 1), image, "qcow2")
    assert busy.value.told == "its host is still busy with an earlier order"
    assert volumes.prepare_base(fence("two", 1), image, "qcow2").image_id == image
    with pytest.raises(VolumesError):
        volumes.prepare_base(fence("two", 1), "no id", "qcow2")


def test_a_newer_order_waits_for_the_older_one_in_flight(tmp_path: Path) -> None:
    fences = Fences(tmp_path / "f.db")
    order = []
    inside, go_on = threading.Event(), threading.Event()

    def old() -> None:
        with fences.holding(Fence("server/a", 1)):
            inside.set()
            go_on.wait(PATIENCE)
            order.append("old")

    def new() -> None:
        with fences.holding(Fence("server/a", 2)):
            order.append("new")

    threads = [threading.Thread(target=old), threading.Thread(target=new)]
    threads[0].start()
    assert inside.wait(PATIENCE)
    threads[1].start()
    with fences.holding(Fence("server/b", 1)):
        order.append("other")
    with pytest.raises(Busy), fences.holding(Fence("server/a", 2), patience=0.01):
        pass
    go_on.set()
    for thread in threads:
        ended(thread)
    assert order == ["other", "old", "new"]
    assert fences.orders == {}


def test_a_base_that_is_being_prepared_holds_up_no_deletion(tmp_path: Path) -> None:
    preparing, go_on = threading.Event(), threading.Event()

    class Slow(FakeVolumes):
        def prepare_base(self, fence: Fence, image_id: str, disk_format: str) -> Base:
            preparing.set()
            go_on.wait(PATIENCE)
            return Base(image_id, 1)

    engines = {"hypervisor": FakeHypervisor(tmp_path), "volumes": Slow(tmp_path)}
    way = InProcess(Agent(engines, Fences(tmp_path / "fences.db")))
    volumes, hypervisor, spec = remote(Volumes, way), remote(Hypervisor, way), guest_spec()
    order = threading.Thread(target=volumes.prepare_base, args=(fence(spec.server_id, 1), "image", "raw"))
    order.start()
    try:
        assert preparing.wait(PATIENCE)
        hypervisor.destroy(fence(spec.server_id, 2), spec.server_id)
        assert order.is_alive()
        with pytest.raises(Stale):
            volumes.prepare_base(fence(spec.server_id, 1), "image", "raw")
    finally:
        go_on.set()
        order.join()


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

    def test_fifty_orders_use_one_connection(self, transport: UnixSocket) -> None:
        hypervisor = remote(Hypervisor, transport)
        for _ in range(50):
            spec = guest_spec()
            hypervisor.start(fence(spec.server_id), spec)
            assert transport.idle.qsize() == 1

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
        agent.engines = {"hypervisor": Slow()}
        stop = serve(agent, listen(path), threads=2)
        with pytest.raises(Unreachable, match=r"within 0 s"):
            UnixSocket(path).send("/v1/hypervisor/states", b"{}", 0.2)
        agent.engines["hypervisor"].goes_on.set()
        stop()


class Slow:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()

    def states(self) -> dict[str, GuestState]:
        self.goes_on.wait(PATIENCE)
        return {}


class Hung:
    """An agent that accepts orders and does not answer until it is told to."""

    def __init__(self, path: Path, answers: bool = False) -> None:
        self.answers = threading.Event()
        if answers:
            self.answers.set()
        self.stop = serve(self, listen(path), 8)  # type: ignore[arg-type]

    def wsgi(self, environ: Any, start_response: Any) -> list[bytes]:
        self.answers.wait(PATIENCE)
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "4")])
        return [b"null"]


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[tuple[Hung, UnixSocket]]:
    made = Hung(tmp_path / "a.sock")
    yield made, UnixSocket(tmp_path / "a.sock")
    made.answers.set()
    made.stop()


def refused_after(socket: UnixSocket, within: float) -> float:
    """Seconds until a call is Unreachable."""
    began = clock.monotonic()
    with pytest.raises(Unreachable):
        socket.send("/v1/hypervisor/host", b"{}", within)
    return clock.monotonic() - began


def answers(socket: UnixSocket) -> bool:
    """Whether a question with a short deadline, which also probes a silent host, is answered."""
    try:
        return socket.send("/v1/hypervisor/host", b"{}", 5.0) == (200, b"null")
    except Unreachable:
        return False


def test_a_silent_host_costs_one_call_its_deadline_and_the_others_nothing(hung: tuple[Hung, UnixSocket]) -> None:
    agent, socket = hung
    assert refused_after(socket, 0.3) >= 0.3
    assert refused_after(socket, 300.0) < PATIENCE, "it was waited for"
    assert refused_after(socket, 0.3) >= 0.3  # calls with short deadlines probe whether it is back
    agent.answers.set()
    until(lambda: answers(socket), "an answer")
    assert socket.send("/v1/hypervisor/start", b"{}", 300.0) == (200, b"null")


def test_what_is_under_way_to_a_silent_host_is_given_up(hung: tuple[Hung, UnixSocket]) -> None:
    _, socket = hung
    waited: list[float] = []
    orders = [threading.Thread(target=lambda: waited.append(refused_after(socket, 300.0))) for _ in range(3)]
    for order in orders:
        order.start()
    until(lambda: len(socket.under_way) == 3)
    for _ in range(2):
        refused_after(socket, 0.3)
    for order in orders:
        ended(order)
    assert len(waited) == 3


def test_one_slow_order_is_no_silence_while_questions_are_answered(tmp_path: Path) -> None:
    agent = Hung(tmp_path / "a.sock", answers=True)
    socket = UnixSocket(tmp_path / "a.sock")
    agent.answers.clear()
    refused_after(socket, 0.3)
    agent.answers.set()
    until(lambda: answers(socket), "an answer")
    assert socket.silent_since is None
    agent.stop()
