"""A real guest on a real network through the host's engines: DHCP, metadata, a restart of the agent, down and up."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kumoi.engines.hypervisor.interface import GuestAddress, GuestSpec, GuestState, Nic, RootDisk
from kumoi.engines.network.interface import (
    FixedAddress,
    NetworkSpec,
    PortKind,
    PortSpec,
    SecurityGroupSpec,
    SecurityRule,
    ServedNetwork,
    SubnetSpec,
)
from kumoi.engines.network.ovn.topology import OvnTopology
from kumoi.host import lifecycle
from kumoi.host.engines import Engines, assemble
from kumoi.kernel import processes, randomness
from kumoi.kernel.fences import Fence
from tests.engines.hypervisor.contract import fence, guest_spec
from tests.engines.network import running
from tests.waits import until

pytestmark = pytest.mark.real

IMAGE = Path(processes.run(["scripts/guest-image.sh", "--path"]).strip())
MAC = "fa:16:3e:0a:00:05"


@pytest.fixture
def ovn() -> Iterator[running.Running]:
    with running.ovn() as cloud:
        for path in (cloud.folder.images, cloud.folder.host):
            path.mkdir()
        yield cloud


def a_network(ovn: running.Running, port_id: str) -> ServedNetwork:
    """A network with one guest's port at 10.0.0.5 and its metadata port at 10.0.0.2."""
    topology = OvnTopology(ovn.folder, ovn.settings)
    subnet = SubnetSpec(id=randomness.new_uuid(), cidr="10.0.0.0/24", gateway="10.0.0.1", metadata_address="10.0.0.2")
    network = NetworkSpec(id=randomness.new_uuid(), subnets=[subnet])
    allow = [
        SecurityRule(id=randomness.new_uuid(), direction="egress", ethertype="IPv4"),
        SecurityRule(id=randomness.new_uuid(), direction="ingress", ethertype="IPv4"),
    ]
    group = SecurityGroupSpec(id=randomness.new_uuid(), rules=allow)
    metadata = PortSpec(
        id=randomness.new_uuid(),
        network_id=network.id,
        mac="fa:16:3e:0a:00:02",
        kind=PortKind.LOCALPORT,
        fixed_addresses=[FixedAddress(subnet.id, "10.0.0.2")],
    )
    port = PortSpec(
        id=port_id,
        network_id=network.id,
        mac=MAC,
        fixed_addresses=[FixedAddress(subnet.id, "10.0.0.5")],
        security_groups=[group.id],
    )
    topology.apply(group, 1)
    topology.apply(network, 1)
    topology.apply_all([(metadata, 1), (port, 1)])
    topology.close()
    return ServedNetwork(
        network_id=network.id, port_id=metadata.id, mac=metadata.mac, mtu=1442, addresses=["10.0.0.2/24"]
    )


def described(image_id: str, port_id: str, network_id: str) -> GuestSpec:
    spec = guest_spec()
    about = msgspec.structs.replace(spec.metadata, addresses=[GuestAddress(network_id, "10.0.0.5")], user_data=None)
    return msgspec.structs.replace(
        spec, memory_mib=256, root=RootDisk(image_id, 1), nics=[Nic(port_id, MAC, 1442)], metadata=about
    )


@pytest.mark.skipif(not IMAGE.exists(), reason="the guest image is not built: make install")
def test_a_guest_finds_its_network_and_itself(ovn: running.Running) -> None:
    image_id, port_id = randomness.new_uuid(), randomness.new_uuid()
    shutil.copy(IMAGE, ovn.folder.images / image_id)
    network = a_network(ovn, port_id)
    engines = assemble(ovn.folder, ovn.settings)
    order = Fence(f"network/{network.network_id}", 1)
    engines.wiring.serve_network(order, network)
    engines.volumes.prepare_base(Fence(f"image/{image_id}", 1), image_id, "qcow2")
    spec = described(image_id, port_id, network.network_id)
    with contextlib.ExitStack() as cleaning:
        cleaning.callback(lambda: assemble(ovn.folder, ovn.settings).hypervisor.destroy(fence("x"), spec.server_id))
        cleaning.callback(lambda: engines.wiring.unserve_network(order, network.network_id))
        engines.hypervisor.start(fence(spec.server_id), spec)
        until_booted(engines, spec, 1)
        said = engines.hypervisor.console_log(spec.server_id, None)
        assert "10.0.0.5" in said and "this is web" in said and "config drive" not in said

        # The agent ends; guest and tap stay; the next agent takes over both.
        assert engines.answering
        engines.answering.metadata.close()
        engines = assemble(ovn.folder, ovn.settings)
        engines.listen_again()
        engines.bring_up()
        assert engines.hypervisor.state(spec.server_id) is GuestState.RUNNING
        assert engines.answering
        assert engines.answering.metadata.answer(network.network_id, "10.0.0.5", "GET", "/openstack")[0] == 200
        engines.answering.metadata.close()

        # The whole cloud goes down. The guest shuts down, and only its files remain.
        assert lifecycle.shut_down(ovn.folder, ovn.settings) == []
        engines = assemble(ovn.folder, ovn.settings)
        assert engines.wiring.plugged() == [] and engines.wiring.inventory().strays == []
        engines.listen_again()
        engines.bring_up()
        until_booted(engines, spec, 2)
    assert engines.wiring.plugged() == []
    assert os.listdir(ovn.folder.guests) == []


def until_booted(engines: Engines, spec: GuestSpec, times: int) -> None:
    """Wait until the guest has reported this many boots."""

    def said() -> str:
        return engines.hypervisor.console_log(spec.server_id, None)

    try:
        until(lambda: said().count(": ready") >= times)
    except AssertionError as error:
        raise AssertionError(said()) from error
