"""A cloud with several hosts: each has its own fakes behind its own agent."""

from typing import Any

import msgspec

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import Hypervisor
from kumoi.engines.implementations import implementation
from kumoi.engines.volumes.interface import Volumes
from kumoi.host.agent import Agent
from kumoi.host.client import Hosts as HostClients
from kumoi.host.client import InProcess
from kumoi.host.engines import make_wiring
from kumoi.host.fences import Fences
from kumoi.kernel.reconcile import View
from kumoi.kernel.settings import Folder
from kumoi.services.compute.hosts.reconcilers import presence


def add_hosts(cloud: Any, *names: str) -> None:
    """Beside `host-1`. They share its topology, and answer from now on."""
    transports = dict(cloud.engines[Hosts].transports)
    for name in names:
        folder = Folder(cloud.folder.data / name)
        folder.host.mkdir(parents=True)
        wiring = make_wiring(cloud.folder, msgspec.structs.replace(cloud.settings, host_name=name))
        engines = {
            "hypervisor": implementation(Hypervisor, cloud.settings)(folder.host, name, wiring=wiring),
            "volumes": implementation(Volumes, cloud.settings)(folder.host),
            "wiring": wiring,
        }
        transports[name] = InProcess(Agent(engines, Fences(folder.host / "fences.db")))
    cloud.engines[Hosts] = HostClients.over(transports)
    presence.sweep(View(cloud.database, cloud.locate))
