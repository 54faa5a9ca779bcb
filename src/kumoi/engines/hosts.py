"""The engines of every host, by the host's name: `context.engine(Hosts).volumes("host-1")`."""

from typing import Protocol

from kumoi.engines.hypervisor.interface import Hypervisor
from kumoi.engines.network.interface import Wiring
from kumoi.engines.volumes.interface import Volumes


class Hosts(Protocol):
    """Calls raise the engine's own errors, or EngineSilent if the host does not answer; the runner then retries."""

    def names(self) -> list[str]:
        """Every host of the cloud, sorted."""

    def hypervisor(self, host: str) -> Hypervisor: ...

    def volumes(self, host: str) -> Volumes: ...

    def wiring(self, host: str) -> Wiring: ...
