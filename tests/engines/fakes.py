"""The fakes that ship, wired as a cloud wires its engines: behind the agent's encoding and fences."""

import importlib
from typing import Any

from kumoi.engines.hosts import Hosts
from kumoi.engines.images.files import FileImages
from kumoi.engines.images.interface import ImageStore
from kumoi.engines.network.interface import Topology
from kumoi.host.agent import Agent
from kumoi.host.client import Hosts as HostClients
from kumoi.host.client import InProcess
from kumoi.host.fences import Fences
from kumoi.kernel.settings import Folder, Settings


def fake_engines(folder: Folder, settings: Settings) -> dict[type[Any], Any]:
    """Interface → engine. The fakes themselves, with their knobs, are under their own classes."""
    hypervisor = importlib.import_module("kumoi.engines.hypervisor.fake").FakeHypervisor(
        folder.host, settings.host_name
    )
    engines: dict[type[Any], Any] = {type(hypervisor): hypervisor, Settings: settings, Folder: folder}
    concerns: dict[str, object] = {"hypervisor": hypervisor}
    for concern, module, name in (("volumes", "volumes", "FakeVolumes"), ("wiring", "network", "FakeWiring")):
        try:
            kind = getattr(importlib.import_module(f"kumoi.engines.{module}.fake"), name)
        except ImportError:
            continue
        concerns[concern] = engines[kind] = kind(folder.host)
    try:
        topology = importlib.import_module("kumoi.engines.network.fake").FakeTopology(folder.host)
        engines[Topology] = engines[type(topology)] = topology
    except ImportError:
        pass
    agent = Agent(concerns, Fences(folder.host / "fences.db"))
    engines[Hosts] = HostClients.over({settings.host_name: InProcess(agent)})
    engines[ImageStore] = FileImages(folder.images)
    return engines
