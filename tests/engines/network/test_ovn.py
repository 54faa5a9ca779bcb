"""OVN fulfils the contract, and leaves nothing behind."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from kumoi.engines.network.interface import SecurityGroupSpec
from kumoi.engines.network.ovn.rows import Rows, row_id
from kumoi.engines.network.ovn.topology import OvnTopology
from kumoi.engines.network.ovn.wiring import OvnWiring
from kumoi.kernel import randomness
from tests.engines.network import running
from tests.engines.network.contract import (
    TopologyContract,
    a_network,
    a_port,
    a_router,
    an_external_network,
)
from tests.waits import until

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


def test_rows_that_somebody_changed_by_hand_are_told_and_mended(topology: OvnTopology) -> None:
    network, outside = a_network(), an_external_network()
    group = SecurityGroupSpec(id=randomness.new_uuid())
    port, router = a_port(network, security_groups=[group.id]), a_router(network, outside)
    topology.apply(network, 1)
    topology.apply(outside, 1)
    topology.apply(group, 1)
    topology.apply(port, 1)
    topology.apply(router, 1)
    of_port, of_router = row_id("port", port.id), row_id("router", router.id)
    of_group = row_id("security_group", group.id)

    def leave(rows: Rows, table: str, identifier: uuid.UUID, column: str) -> None:
        row = rows.find(table, identifier)
        for member in getattr(row, column):
            rows.part(row, column, member)

    def mend_port() -> None:
        topology.apply(port, 1)

    def mend_router() -> None:
        topology.apply(router, 1)

    breakages: list[tuple[Callable[[Rows], object], str, Callable[[], None]]] = [
        (lambda rows: rows.put("Logical_Switch_Port", of_port, addresses=["unknown"]), port.id, mend_port),
        (lambda rows: rows.put("Logical_Switch_Port", of_port, enabled=[False]), port.id, mend_port),
        (lambda rows: rows.put("Logical_Switch_Port", of_port, port_security=[]), port.id, mend_port),
        (lambda rows: leave(rows, "Port_Group", of_group, "ports"), port.id, mend_port),
        (lambda rows: leave(rows, "Logical_Router", of_router, "nat"), router.id, mend_router),
        (lambda rows: rows.put("Logical_Router", of_router, static_routes=[]), router.id, mend_router),
    ]
    every = [network, outside, group, port, router]
    for number, (break_it, told, mend) in enumerate(breakages):
        until(lambda: topology.differing(every) == [])
        topology.northbound.change(break_it)  # type: ignore[arg-type]
        until(lambda told=told: topology.differing(every) == [told])  # type: ignore[misc]
        assert topology.differing(every) == [told], number
        mend()
    until(lambda: topology.differing(every) == [])
