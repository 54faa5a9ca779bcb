"""The agent as a separate process, on fakes and without root."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kumoi.engines.hypervisor.interface import GuestState, Nic
from kumoi.host.client import Hosts
from kumoi.host.lifecycle import shut_down
from kumoi.kernel import settings
from kumoi.kernel.fences import Stale
from kumoi.kernel.settings import Folder, Settings
from tests.engines.hypervisor.contract import fence, guest_spec
from tests.waits import PATIENCE, until

NIC = Nic("7c1f0a52-0000-4000-8000-000000000001", "fa:16:3e:00:00:01", 1442)


@pytest.fixture
def folder() -> Iterator[Folder]:
    with tempfile.TemporaryDirectory(prefix="k-", dir="/tmp") as data:
        folder = Folder(Path(data))
        for path in (folder.host, folder.images, folder.run):
            path.mkdir()
        settings.save(folder, Settings(hypervisor="fake", network="fake"))
        yield folder


def run_agent(folder: Folder) -> "subprocess.Popen[bytes]":
    folder.agent_socket.unlink(missing_ok=True)
    agent = subprocess.Popen(
        [sys.executable, "-m", "kumoi.host", "--data", str(folder.data)], stderr=subprocess.DEVNULL
    )
    until(folder.agent_socket.exists)
    return agent


def test_an_agent_killed_at_any_time_forgets_nothing(folder: Folder) -> None:
    hosts = Hosts(folder, settings.load(folder))
    hypervisor, wiring = hosts.hypervisor("host-1"), hosts.wiring("host-1")
    agent = run_agent(folder)
    spec = guest_spec()
    hypervisor.start(fence(spec.server_id, 5), spec)
    hypervisor.attach_nic(fence(spec.server_id, 5), spec.server_id, NIC)
    assert wiring.plugged() == [NIC.port_id]
    agent.kill()
    agent.wait()

    agent = run_agent(folder)
    assert hypervisor.states() == {spec.server_id: GuestState.RUNNING}
    with pytest.raises(Stale):
        hypervisor.destroy(fence(spec.server_id, 4), spec.server_id)
    hypervisor.destroy(fence(spec.server_id, 5), spec.server_id)
    assert wiring.plugged() == [] and hosts.volumes("host-1").inventory().volumes == []
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(PATIENCE) == 0
    assert shut_down(folder, settings.load(folder)) == []
