"""One of two hosts hangs. Guests on the other host are still reconciled."""

import threading
from collections.abc import Iterator

import pytest

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestState
from kumoi.host.client import Hosts as HostClients
from kumoi.kernel import reconcile
from kumoi.services.compute.guests.reconcilers import guest, power_state
from kumoi.services.compute.servers import store
from kumoi.services.network import sweeps
from tests.services.compute.world import SERVERS, World
from tests.waits import PATIENCE


class Hangs:
    """The connection to a host that does not answer before the test ends."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.asked = 0

    def send(self, path: str, body: bytes, within: float) -> tuple[int, bytes]:
        self.asked += 1
        self.over.wait(PATIENCE)
        self.asked -= 1
        return 500, b"{}"


@pytest.fixture
def servers(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Host → a server on it. `a-hangs` hangs, and is asked first."""
    found = {"a-hangs": world.boot("one"), "host-1": world.boot("two")}
    world.cloud.database.write(lambda tx: store.update(tx, found["a-hangs"], host="a-hangs"))
    hangs = Hangs()
    transports = {**world.cloud.engines[Hosts].transports, "a-hangs": hangs}
    world.cloud.engines[Hosts] = HostClients.over(transports)
    for module in (guest, power_state, sweeps.audit):
        monkeypatch.setattr(module, "WITHIN", 2.0)
    yield found
    assert hangs.asked, "it was waited for"
    hangs.over.set()


def test_states_follow_on_the_other_host(world: World, servers: dict[str, str]) -> None:
    view = reconcile.View(world.cloud.database, world.cloud.locate)
    world.cloud.engines[FakeHypervisor].shut_itself_down(servers["host-1"])
    power_state.follow(view)
    assert world.show(servers["host-1"])["status"] == "SHUTOFF"
    assert world.show(servers["a-hangs"])["status"] == "ACTIVE"
    sweeps.repair(view)


def test_what_guests_read_follows_on_the_other_host(world: World, servers: dict[str, str]) -> None:
    for server_id in servers.values():
        world.cloud.put(f"{SERVERS}/{server_id}", json={"server": {"name": "renamed"}})
    reconcile.run_dirty(world.cloud.database, world.cloud.locate)
    fake = world.cloud.engines[FakeHypervisor]
    assert fake.spec(servers["host-1"]).metadata.name == "renamed"
    assert fake.state(servers["host-1"]) is GuestState.RUNNING
    (left,) = world.cloud.database.read(reconcile.pending)
    assert left["id"] == servers["a-hangs"] and "a-hangs" in left["fault"]
