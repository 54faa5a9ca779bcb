"""The fakes that ship, wired as a cloud wires its engines: behind the agent's encoding and fences."""

from typing import Any

from kumoi import app
from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import Hypervisor
from kumoi.engines.images.interface import ImageStore
from kumoi.engines.implementations import implementation
from kumoi.engines.network.fake.topology import FakeTopology
from kumoi.engines.network.fake.wiring import FakeWiring
from kumoi.engines.network.interface import Topology
from kumoi.engines.objects.interface import ObjectStore
from kumoi.engines.objects.opened import opened
from kumoi.engines.volumes.fake import FakeVolumes
from kumoi.engines.volumes.interface import Volumes
from kumoi.host.agent import Agent
from kumoi.host.client import Hosts as HostClients
from kumoi.host.client import InProcess
from kumoi.host.engines import make_wiring
from kumoi.host.fences import Fences
from kumoi.kernel.audit import Audit
from kumoi.kernel.settings import Folder, Settings


def fake_engines(folder: Folder, settings: Settings) -> dict[type[Any], Any]:
    """Interface → engine. The fakes with their switches are listed under their own classes too."""
    volumes = implementation(Volumes, settings)(folder.host)
    topology = implementation(Topology, settings)(folder, settings)
    wiring = make_wiring(folder, settings)
    hypervisor = implementation(Hypervisor, settings)(folder.host, settings.host_name, wiring=wiring)
    agent = Agent({"hypervisor": hypervisor, "volumes": volumes, "wiring": wiring}, Fences(folder.host / "fences.db"))
    return {
        Settings: settings,
        Folder: folder,
        Hosts: HostClients.over({settings.host_name: InProcess(agent)}),
        ImageStore: implementation(ImageStore, settings)(folder.images),
        ObjectStore: opened(folder.objects, settings),
        Topology: topology,
        Audit: Audit(app.differences),
        FakeHypervisor: hypervisor,
        FakeVolumes: volumes,
        FakeTopology: topology,
        FakeWiring: wiring,
    }
