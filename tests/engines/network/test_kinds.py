"""Both topologies know every kind of resource that the interface has."""

from pathlib import Path

from kumoi.engines.network.fake.topology import FakeTopology
from kumoi.engines.network.interface import kinds
from kumoi.engines.network.ovn.topology import renderings
from kumoi.kernel.settings import Folder, Settings


def test_ovn_renders_every_kind() -> None:
    assert set(renderings(["host-1"])) == set(kinds())


def test_the_fake_holds_every_kind(tmp_path: Path) -> None:
    topology = FakeTopology(Folder(tmp_path), Settings())
    assert set(topology.inventory()) == set(kinds())
    topology.close()


def test_each_kind_has_its_own_name() -> None:
    assert len({kind.resource for kind in kinds()}) == len(kinds())
