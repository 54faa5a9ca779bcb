"""The runner's process with a silent host: work that does not need the host continues."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kumoi import runner
from kumoi.engines.network.fake.topology import FakeTopology
from kumoi.engines.network.interface import NetworkSpec
from kumoi.kernel import clock, reconcile
from kumoi.kernel import settings as settings_module
from tests.cloud import Cloud
from tests.services.compute import world as worlds
from tests.services.compute.world import SERVERS


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[Cloud]:
    """A cloud with a runner, whose host's agent accepts connections and never answers."""
    cloud = Cloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}", database=f"sqlite:///{tmp_path / 'kumoi.db'}")
    settings_module.save(cloud.folder, cloud.settings)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(cloud.folder.agent_socket))
    listener.listen(256)
    stop = threading.Event()
    yield cloud
    listener.close()
    stop.set()
    cloud.close()


def wait_for(condition: Any, within: float) -> bool:
    until = clock.monotonic() + within
    while not condition():
        if clock.monotonic() > until:
            return False
        clock.sleep(0.05)
    return True


def pending_kinds(cloud: Cloud) -> set[str]:
    return {row["kind"] for row in cloud.database.read(reconcile.pending)}


def test_a_host_that_hangs_delays_only_what_needs_it(hung: Cloud) -> None:
    world = worlds.make(hung)
    server_id = world.boot()
    stop = threading.Event()
    working = threading.Thread(target=runner.serve, args=(hung.folder.data, stop), daemon=True)
    working.start()
    try:
        hung.put(f"{SERVERS}/{server_id}", json={"server": {"name": "renamed"}})
        clock.sleep(1.5)
        network = hung.post("/network/v2.0/networks", json={"network": {"name": "late"}}).json["network"]["id"]
        topology = hung.engines[FakeTopology]
        assert wait_for(lambda: network in topology.inventory()[NetworkSpec], 4.0), "the topology did not follow"
        # The row of the network goes in a transaction after the engine has applied it.
        assert wait_for(lambda: pending_kinds(hung) == {"compute.guest_metadata"}, 4.0), pending_kinds(hung)
    finally:
        stop.set()
        working.join(20)
