"""The fake network engine keeps the contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kumoi.engines.network.fake import FakeTopology, FakeWiring
from kumoi.kernel.settings import Folder, Settings
from tests.engines.network.contract import TopologyContract, a_network

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
    first.apply_network(network, 7)
    first.close()
    second = FakeTopology(Folder(tmp_path), SETTINGS)
    assert second.inventory().networks == {network.id: 7}
    second.close()
