"""Chooses the host of a volume's disk."""

from collections.abc import Collection

from kumoi.engines.hosts import Hosts
from kumoi.engines.volumes.interface import VolumesError
from kumoi.kernel import log
from kumoi.kernel.errors import Discreet
from kumoi.kernel.operations import Context, Failed, Retry
from kumoi.services.block_storage.services import store as services_store
from kumoi.services.block_storage.services.models import VolumeServiceRow

NO_ROOM = "No host has room for a volume of {size} GiB; the freest has {free:.0f} GiB."


class NoAnswer(Retry, Discreet):
    told = "a host that may have room does not answer"


def _is_out_of_use(service: VolumeServiceRow | None) -> bool:
    return service is not None and (service["disabled"] or service["frozen"])


def choose(context: Context, size_gib: int, same: Collection[str] = (), different: Collection[str] = ()) -> str:
    """The host with most room, of those in `same` (empty: of all) that are not in `different`.
    Failed when none has enough, Retry when a host that does not answer might have."""
    hosts = context.engine(Hosts)
    free: dict[str, float] = {}
    silent: list[str] = []
    refusal = ""
    out_of_use = context.read(services_store.every)
    names = [name for name in hosts.names() if not _is_out_of_use(out_of_use.get(name))]
    if not names and out_of_use:
        raise Failed("Every host is out of use.")
    names = [name for name in names if name not in different and (not same or name in same)]
    if not names and (same or different):
        raise Failed("No host fits the hints same_host and different_host.")
    for name in names:
        try:
            free[name] = hosts.volumes(name).capacity().free_gib
        except VolumesError as error:
            log.say(__name__, "a host refuses to tell its capacity", host=name, reason=str(error))
            refusal = str(error)
        except Exception as error:
            log.say(__name__, "a host does not tell its capacity", host=name, reason=str(error))
            silent.append(name)
    best = max(free, key=lambda name: free[name], default=None)
    if best is not None and free[best] >= size_gib:
        return best
    if silent:
        raise NoAnswer(f"no answer from {', '.join(silent)}")
    if best is not None:
        raise Failed(NO_ROOM.format(size=size_gib, free=free[best]))
    raise Failed(refusal or "there is no host")
