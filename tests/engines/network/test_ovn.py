"""OVN keeps the contract, and lets go of everything."""

from collections.abc import Iterator

import pytest

from kumoi.engines.network.ovn.topology import OvnTopology
from kumoi.engines.network.ovn.wiring import OvnWiring
from tests.engines.network import running
from tests.engines.network.contract import TopologyContract

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def ovn() -> Iterator[running.Running]:
    with running.ovn() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def topology(ovn: running.Running) -> Iterator[OvnTopology]:
    topology = OvnTopology(ovn.folder, ovn.settings)
    yield topology
    topology.close()


@pytest.fixture(scope="module")
def other_topology(ovn: running.Running) -> Iterator[OvnTopology]:
    topology = OvnTopology(ovn.folder, ovn.settings)
    yield topology
    topology.close()


@pytest.fixture(scope="module")
def wiring(ovn: running.Running) -> OvnWiring:
    return OvnWiring(ovn.folder, ovn.settings)


class TestOvnTopology(TopologyContract):
    pass
