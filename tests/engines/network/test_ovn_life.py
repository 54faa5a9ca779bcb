"""Starts and stops of OVN's daemons: two clouds at once, one that returns, and nothing left of either."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from kumoi.engines.network.interface import NetworkError, NetworkSpec, PortSpec, ServedNetwork, Silent
from kumoi.engines.network.ovn import daemons
from kumoi.engines.network.ovn.topology import OvnTopology
from kumoi.engines.network.ovn.wiring import OvnWiring
from kumoi.kernel import clock, randomness
from kumoi.kernel.settings import Folder
from tests.engines.network import running
from tests.engines.network.contract import FENCE, a_network, a_port
from tests.waits import PATIENCE, until

pytestmark = pytest.mark.real


def traces(cloud_id: str) -> str:
    """Everything of the kernel that carries the cloud's id."""
    commands = (["ip", "link"], ["ip", "netns"], ["ip", "address"], ["ip", "route"], ["nft", "list", "ruleset"])
    said = "".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout for command in commands)
    return "\n".join(line for line in said.splitlines() if cloud_id in line)


def test_two_clouds_side_by_side_and_nothing_left() -> None:
    with running.ovn() as one, running.ovn() as two:
        for cloud in (one, two):
            topology, wiring = OvnTopology(cloud.folder, cloud.settings), OvnWiring(cloud.folder, cloud.settings)
            network = a_network()
            port = a_port(network, host=cloud.settings.host_name)
            topology.apply(network, 1)
            topology.apply(port, 1)
            wiring.plug(FENCE, port.id, port.mac, 1442)
            served = ServedNetwork(
                network_id=network.id,
                port_id=randomness.new_uuid(),
                mac="fa:16:3e:00:00:02",
                mtu=1442,
                addresses=["10.0.0.2/24"],
            )
            wiring.serve_network(FENCE, served)
            until(lambda topology=topology, port=port: topology.port_states()[port.id])
            topology.close()
        assert traces(one.settings.cloud_id) and traces(two.settings.cloud_id)
        with pytest.raises(NetworkError, match=r"external_cidr: .* overlaps"):
            daemons.prepare(
                Folder(Path("/tmp/k-never")),
                msgspec.structs.replace(two.settings, cloud_id="ffffff"),
            )
    assert traces(one.settings.cloud_id) == traces(two.settings.cloud_id) == ""


def test_a_cloud_comes_back_with_its_networks() -> None:
    with running.ovn() as cloud:
        topology, wiring = OvnTopology(cloud.folder, cloud.settings), OvnWiring(cloud.folder, cloud.settings)
        network = a_network()
        port = a_port(network)
        topology.apply(network, 3)
        topology.apply(port, 4)
        wiring.plug(FENCE, port.id, port.mac, 1442)
        until(lambda: topology.port_states()[port.id])
        cloud.stop()
        daemons.tear_down(cloud.folder, cloud.settings)
        assert traces(cloud.settings.cloud_id) == ""
        for _ in range(2):
            daemons.prepare(cloud.folder, cloud.settings)
        cloud.start()
        daemons.prepare(cloud.folder, cloud.settings)
        assert wiring.plugged() == []
        assert wiring.inventory().strays == []
        until(lambda: topology.inventory()[PortSpec] == {port.id: 4})
        wiring.plug(FENCE, port.id, port.mac, 1442)
        until(lambda: topology.port_states()[port.id])
        topology.close()


def test_after_the_machine_lost_its_devices_they_are_made_again() -> None:
    with running.ovn() as cloud:
        topology, wiring = OvnTopology(cloud.folder, cloud.settings), OvnWiring(cloud.folder, cloud.settings)
        network = a_network()
        port = a_port(network)
        topology.apply(network, 1)
        topology.apply(port, 1)
        tap = wiring.plug(FENCE, port.id, port.mac, 1442)
        until(lambda: topology.port_states()[port.id])
        running.link_delete(tap)
        assert wiring.plugged() == []
        assert wiring.inventory().strays == [tap]
        assert wiring.plug(FENCE, port.id, port.mac, 1442) == tap
        assert wiring.plugged() == [port.id]
        until(lambda: topology.port_states()[port.id])
        topology.close()


def test_unplugging_needs_no_switch() -> None:
    with running.ovn() as cloud:
        wiring = OvnWiring(cloud.folder, cloud.settings)
        port_id = randomness.new_uuid()
        tap = wiring.plug(FENCE, port_id, "fa:16:3e:00:00:07", 1442)
        cloud.kill("ovs-vswitchd")
        wiring.unplug(FENCE, port_id)
        assert not (Path("/sys/class/net") / tap).exists()
        assert wiring.inventory().ports == wiring.inventory().strays == []


def test_plugging_waits_for_a_switch_that_starts_again() -> None:
    with running.ovn() as cloud, ThreadPoolExecutor(1) as pool:
        wiring = OvnWiring(cloud.folder, cloud.settings)
        port_id = randomness.new_uuid()
        cloud.kill("ovs-database")
        plugged = pool.submit(wiring.plug, FENCE, port_id, "fa:16:3e:00:00:07", 1442)
        clock.sleep(0.5)
        assert not plugged.done()
        cloud.start("ovs-database")
        plugged.result(PATIENCE)
        assert wiring.plugged() == [port_id]


def test_a_switch_that_stays_away_is_silent_not_unwilling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kumoi.engines.network.ovn.wiring.WITHIN", 1)
    with running.ovn() as cloud:
        wiring = OvnWiring(cloud.folder, cloud.settings)
        cloud.kill("ovs-database")
        with pytest.raises(Silent, match="silent for 1 s"):
            wiring.plug(FENCE, randomness.new_uuid(), "fa:16:3e:00:00:07", 1442)
        cloud.start("ovs-database")


@contextmanager
def become(user: str) -> Iterator[None]:
    account = pwd.getpwnam(user)
    os.setegid(account.pw_gid)
    os.seteuid(account.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def test_the_control_plane_needs_no_power() -> None:
    """The topology belongs to a process of the user kumoi. Guests' processes have no access to it."""
    with running.ovn() as cloud:
        with become("kumoi"):
            topology = OvnTopology(cloud.folder, cloud.settings)
            topology.apply(a_network(), 1)
            assert len(topology.inventory()[NetworkSpec]) == 1
            topology.close()
        with become("kumoi-guest"), pytest.raises(NetworkError, match="does not answer"):
            OvnTopology(cloud.folder, cloud.settings).inventory()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"external_cidr": "172.29.1.0/33"}, "external_cidr"),
        ({"external_cidr": "fd00::/64"}, "external_cidr"),
        ({"external_cidr": "172.29.1.0/30"}, "external_cidr: .* too few"),
        ({"external_interface": "nothere"}, "external_interface: .* nothere"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    running.ensure_users()
    settings = msgspec.structs.replace(running.some_settings(), **changes)
    with pytest.raises(NetworkError, match=said):
        daemons.prepare(Folder(tmp_path), settings)
    assert traces(settings.cloud_id) == ""
