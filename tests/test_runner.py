"""The runner's process with a silent host: work that does not need the host continues."""

import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kumoi import runner
from kumoi.engines.network.fake.topology import FakeTopology
from kumoi.engines.network.interface import NetworkSpec
from kumoi.host.client import _Connection
from kumoi.kernel import reconcile
from kumoi.kernel import settings as settings_module
from tests.cloud import Cloud
from tests.services.compute import world as worlds
from tests.services.compute.world import SERVERS
from tests.waits import PATIENCE, until


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    database = f"sqlite:///{tmp_path / 'kumoi.db'}"
    made = Cloud(tmp_path, database, database=database)
    settings_module.save(made.folder, made.settings)
    yield made
    made.close()


@pytest.fixture
def host(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Of a host's agent that answers nothing. Whoever asks it waits until the test ends."""
    within = _Connection.within
    monkeypatch.setattr(_Connection, "within", lambda self, _seconds: within(self, 10 * PATIENCE))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(cloud.folder.agent_socket))
        listener.listen(256)
        yield listener


def pending_kinds(cloud: Cloud) -> set[str]:
    return {row["kind"] for row in cloud.database.read(reconcile.pending)}


def test_a_host_that_hangs_delays_only_what_needs_it(cloud: Cloud, host: socket.socket) -> None:
    world = worlds.make(cloud)
    server_id = world.boot()
    stop = threading.Event()
    working = threading.Thread(target=runner.serve, args=(cloud.folder.data, stop), daemon=True)
    working.start()
    try:
        cloud.put(f"{SERVERS}/{server_id}", json={"server": {"name": "renamed"}})
        assert select.select([host], [], [], PATIENCE)[0], "nobody asks the host"
        network = cloud.post("/network/v2.0/networks", json={"network": {"name": "late"}}).json["network"]["id"]
        topology = cloud.engines[FakeTopology]
        until(lambda: network in topology.inventory()[NetworkSpec], "the topology that follows")
        # The row of the network goes in a transaction after the engine has applied it.
        until(lambda: pending_kinds(cloud) == {"compute.guest_metadata"}, "its row, which goes")
    finally:
        stop.set()
        host.close()
        working.join(PATIENCE)
