"""Repairs of sweeps and reconcilers are in the event log, one event for each."""

from pathlib import Path
from typing import Any

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.volumes.fake import FakeVolumes
from kumoi.kernel import clock
from tests.audit.breakages import NOBODY, breakages, furnish
from tests.matrix.recipes import environment
from tests.stepped import SteppedCloud, at

MENDED = {
    "the topology has lost a port": "network.port.mended",
    "the topology has another revision": "network.port.mended",
    "the topology has what no row knows": "network.port.mended",
    "the topology holds other content": "network.port.mended",
    "a plug of no port": "network.port.mended",
    "metadata is not answered": "network.metadata.mended",
    "metadata is answered without need": "network.metadata.mended",
    "a guest that died": "server.guest.died",
    "bytes of no image": "image.leftover.mended",
}
"""Breakage → the kind of the event of its repair."""


def mend(cloud: SteppedCloud) -> None:
    """Sweeps run often. A repair is reported when it is done, not at each check."""
    for _ in range(4):
        clock.sleep(700)
        cloud.settle()
        cloud.sweep()
    cloud.settle()


def told(cloud: SteppedCloud) -> list[dict[str, Any]]:
    events = cloud.get("/kumoi/v1/events?limit=1000", as_="admin").json["events"]
    return [event for event in events if event["kind"].endswith((".mended", ".died"))]


@pytest.mark.parametrize("name", MENDED)
def test_a_mending_is_told_once(tmp_path: Path, name: str) -> None:
    with at():
        cloud = SteppedCloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}")
        furnished = furnish(environment(cloud))
        cloud.settle()
        assert told(cloud) == []
        breakages[name](furnished)
        assert cloud.audit() != []
        mend(cloud)
        assert cloud.audit() == []
        assert [event["kind"] for event in told(cloud)] == [MENDED[name]]
        cloud.close()


def test_a_row_that_follows_its_guest_is_told(tmp_path: Path) -> None:
    with at():
        cloud = SteppedCloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}")
        furnished = furnish(environment(cloud))
        cloud.engines[FakeHypervisor].shut_itself_down(furnished.server)
        mend(cloud)
        (event,) = told(cloud)
        assert event["kind"] == "server.state.mended" and event["subject"] == f"server/{furnished.server}"
        assert (event["facts"]["was"], event["facts"]["now"]) == ("active", "stopped")
        cloud.close()


def test_bases_of_images_that_are_gone_are_told(tmp_path: Path) -> None:
    with at():
        cloud = SteppedCloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}")
        furnish(environment(cloud))
        cloud.engines[FakeVolumes]._keep("base", NOBODY, 1, None)
        mend(cloud)
        (event,) = told(cloud)
        assert event["kind"] == "host.bases.mended" and event["facts"]["images"] == [NOBODY]
        cloud.close()
