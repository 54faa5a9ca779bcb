"""The fake hypervisor, alone and behind an agent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestState, Hypervisor, HypervisorError
from kumoi.host.agent import Agent
from kumoi.host.client import InProcess, remote
from kumoi.host.fences import Fences
from tests.engines.hypervisor.contract import HypervisorContract, fence, guest_spec


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeHypervisor]:
    hypervisor = FakeHypervisor(tmp_path)
    yield hypervisor
    hypervisor.close()


class TestFake(HypervisorContract):
    @pytest.fixture
    def hypervisor(self, fake: FakeHypervisor) -> Hypervisor:
        return fake


class TestFakeBehindAnAgent(HypervisorContract):
    @pytest.fixture
    def hypervisor(self, fake: FakeHypervisor, tmp_path: Path) -> Hypervisor:
        return remote(Hypervisor, InProcess(Agent({"hypervisor": fake}, Fences(tmp_path / "fences.db"))))


def test_guests_outlive_the_agent(fake: FakeHypervisor, tmp_path: Path) -> None:
    spec = guest_spec()
    fake.start(fence(spec.server_id), spec)
    again = FakeHypervisor(tmp_path)
    assert again.states() == {spec.server_id: GuestState.RUNNING}
    assert again.spec(spec.server_id) == spec


def test_a_told_failure_comes_once_and_changes_nothing(fake: FakeHypervisor, tmp_path: Path) -> None:
    spec = guest_spec()
    FakeHypervisor(tmp_path).fail_next("start", "no room")
    with pytest.raises(HypervisorError, match="no room"):
        fake.start(fence(spec.server_id), spec)
    assert fake.state(spec.server_id) is GuestState.ABSENT
    fake.start(fence(spec.server_id), spec)
    assert fake.state(spec.server_id) is GuestState.RUNNING


def test_the_console_keeps_what_was_said(fake: FakeHypervisor) -> None:
    spec = guest_spec()
    fake.start(fence(spec.server_id), spec)
    fake.say(spec.server_id, "one\ntwo\nthree\n")
    assert fake.console_log(spec.server_id, 2) == "two\nthree\n"
    assert fake.console_log(spec.server_id, 0) == ""
    assert "boots" in fake.console_log(spec.server_id, None)


def test_guests_that_die_or_stop_by_themselves(fake: FakeHypervisor) -> None:
    spec = guest_spec()
    fake.start(fence(spec.server_id), spec)
    fake.die(spec.server_id)
    assert fake.state(spec.server_id) is GuestState.FAILED
    fake.start(fence(spec.server_id), spec)
    fake.shut_itself_down(spec.server_id)
    assert fake.state(spec.server_id) is GuestState.OFF
