"""Asks all hosts about their disks in parallel."""

from dataclasses import dataclass

from kumoi.engines.hosts import Hosts
from kumoi.kernel import log
from kumoi.kernel.http import Request


@dataclass(frozen=True)
class Host:
    """GiB; both 0 for a host that does not answer."""

    name: str
    up: bool
    total_gib: float
    free_gib: float


def names(request: Request, **_: object) -> list[str]:
    """Of all hosts, whether they answer or not."""
    engine: Hosts = request.engine(Hosts)
    return engine.names()


def hosts(request: Request) -> list[Host]:
    """A host that does not answer within the client's deadline counts as down."""
    engine: Hosts = request.engine(Hosts)
    found = []
    for name in engine.names():
        try:
            capacity = engine.volumes(name).capacity()
        except Exception as error:
            log.say(__name__, "a host does not tell its capacity", host=name, reason=str(error))
            found.append(Host(name, False, 0.0, 0.0))
        else:
            found.append(Host(name, True, capacity.total_gib, capacity.free_gib))
    return found
