"""Removes cached bases of deleted images from hosts, unless a disk uses them."""

from functools import partial

from kumoi.engines.hosts import Hosts
from kumoi.kernel import clock, events, log
from kumoi.kernel.database import Transaction
from kumoi.kernel.fences import Fence
from kumoi.kernel.operations import subject
from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.image.images import store

EVERY = 600.0


def sweep(view: View) -> None:
    for name, gone in drop_unused(view.engine(Hosts), view.read(store.ids_with_data)).items():
        view.write(partial(_tell, host=name, image_ids=gone))


def _tell(tx: Transaction, host: str, image_ids: list[str]) -> None:
    problem = "unused bases of deleted images"
    events.write(tx, "host.bases.mended", subject("host", host), problem=problem, images=image_ids)


def drop_unused(hosts: Hosts, keep: list[str]) -> dict[str, list[str]]:
    """Ask every host that answers; the next sweep asks the others. `keep`: the ids of existing images. Returns host →
    images whose bases were removed, for hosts that removed any."""
    dropped = {}
    for name in hosts.names():
        try:
            gone = hosts.volumes(name).drop_unused_bases(Fence(f"bases/{name}", clock.now()), keep)
        except Exception as error:  # one host's silence is not another's matter
            log.say(__name__, "unused bases were not dropped", host=name, reason=str(error))
        else:
            if gone:
                log.say(__name__, "unused bases dropped", host=name, images=gone)
                dropped[name] = gone
    return dropped


BASES = Sweep("image.bases", EVERY, sweep)
