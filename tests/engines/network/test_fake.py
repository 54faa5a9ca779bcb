"""The fake network engine fulfils the contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kumoi.engines.network.fake import plugs
from kumoi.engines.network.fake.topology import FakeTopology
from kumoi.engines.network.fake.wiring import FakeWiring
from kumoi.engines.network.interface import NetworkSpec
from kumoi.kernel.settings import Folder, Settings
from tests.engines.network.contract import FENCE, TopologyContract, a_network, a_port
from tests.waits import until

SETTINGS = Settings(cloud_id="abcdef", network="fake")


class TestFakeTopology(TopologyContract):
    @pytest.fixture
    def topology(self, tmp_path: Path) -> Iterator[FakeTopology]:
        topology = FakeTopology(Folder(tmp_path), SETTINGS)
        yield topology
        topology.close()

    @pytest.fixture
    def other_topology(self, tmp_path: Path) -> Iterator[FakeTopology]:
        topology = FakeTopology(Folder(tmp_path), SETTINGS)
        yield topology
        topology.close()

    @pytest.fixture
    def wiring(self, tmp_path: Path) -> FakeWiring:
        return FakeWiring(Folder(tmp_path), SETTINGS)


def test_the_state_outlives_the_process(tmp_path: Path) -> None:
    network = a_network()
    first = FakeTopology(Folder(tmp_path), SETTINGS)
    first.apply(network, 7)
    first.close()
    second = FakeTopology(Folder(tmp_path), SETTINGS)
    assert second.inventory()[NetworkSpec] == {network.id: 7}
    second.close()


def test_plugs_are_heard_of_though_their_journal_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restarted agent drops a long journal. Entries that the topology had not read are found in the files."""
    topology, network, told = FakeTopology(Folder(tmp_path), SETTINGS), a_network(), dict[str, bool]()
    ports = [a_port(network) for _ in range(2)]
    topology.apply(network, 1)
    topology.apply_all([(port, 1) for port in ports])
    wiring = FakeWiring(Folder(tmp_path), SETTINGS)
    wiring.plug(FENCE, ports[0].id, ports[0].mac, 1442)
    topology.watch(told.__setitem__)
    with topology._lock:
        wiring.unplug(FENCE, ports[0].id)
        wiring.plug(FENCE, ports[1].id, ports[1].mac, 1442)
        monkeypatch.setattr(plugs, "LONGEST_JOURNAL", 0)
        FakeWiring(Folder(tmp_path), SETTINGS)
    until(lambda: told == {ports[0].id: False, ports[1].id: True})
    topology.close()
