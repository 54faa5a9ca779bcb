"""Hosts drop the cached bases of images that are gone and that no disk stands on."""

from kumoi.engines.hosts import Hosts
from kumoi.kernel import clock, log
from kumoi.kernel.fences import Fence
from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.image.images import store

EVERY = 600.0


def sweep(view: View) -> None:
    drop_unused(view.engine(Hosts), view.read(store.ids_with_data))


def drop_unused(hosts: Hosts, keep: list[str]) -> None:
    """On every host that answers; the next sweep asks the others again. `keep`: the images that there are."""
    for name in hosts.names():
        try:
            gone = hosts.volumes(name).drop_unused_bases(Fence(f"bases/{name}", clock.now()), keep)
        except Exception as error:  # one host's silence is not another's matter
            log.say(__name__, "unused bases were not dropped", host=name, reason=str(error))
        else:
            if gone:
                log.say(__name__, "unused bases dropped", host=name, images=gone)


BASES = Sweep("image.bases", EVERY, sweep)
