"""A cloud on a folder as `kumoi up` lays it out, with real image and volume files; guests and networks are the fakes'."""

from pathlib import Path
from typing import Any

from kumoi.cli import running
from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.images.files import FileImages
from kumoi.engines.images.interface import ImageStore
from kumoi.engines.network.fake import FakeTopology, FakeWiring
from kumoi.engines.network.interface import Topology
from kumoi.engines.volumes.files import FileVolumes
from kumoi.host.agent import Agent
from kumoi.host.client import Hosts as HostClients
from kumoi.host.client import InProcess
from kumoi.host.fences import Fences
from kumoi.kernel.settings import Folder, Settings
from tests.still import StillCloud

THE_WORLD = ("/network", "/host/fake-guests.db")
"""Where the fakes keep what is no file of a cloud: a power cut does not touch it."""
SETTINGS: dict[str, Any] = {"cloud_id": "abcdef", "hypervisor": "fake", "network": "fake", "password_rounds": 4}


def up(data: Path) -> "FilesCloud":
    """What `kumoi up` does before it starts processes, and then a cloud in this one."""
    folder = Folder(data)
    folder.run.mkdir(parents=True, exist_ok=True)
    running.lay_out(folder, Settings(**SETTINGS))
    return FilesCloud(data)


class FilesCloud(StillCloud):
    def __init__(self, data: Path) -> None:
        super().__init__(data, Folder(data).database_url(Settings(**SETTINGS)), create=False)

    def _engines(self) -> dict[type[Any], Any]:
        folder, settings = self.folder, self.settings
        topology, wiring = FakeTopology(folder, settings), FakeWiring(folder, settings)
        hypervisor = FakeHypervisor(folder.host, settings.host_name, wiring=wiring)
        volumes = FileVolumes(folder, user=None)
        engines = {"hypervisor": hypervisor, "volumes": volumes, "wiring": wiring}
        agent = Agent(engines, Fences(folder.host / "fences.db"))
        return {
            Settings: settings,
            Folder: folder,
            Hosts: HostClients.over({settings.host_name: InProcess(agent)}),
            ImageStore: FileImages(folder.images),
            Topology: topology,
            FakeHypervisor: hypervisor,
            FakeTopology: topology,
            FakeWiring: wiring,
        }
