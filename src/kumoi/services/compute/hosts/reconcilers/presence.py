"""Asks every host every few seconds whether it is there and what it has; at the runner's start, at once."""

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import Host
from kumoi.engines.volumes.interface import Capacity
from kumoi.kernel import clock, log, polls
from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.compute.hosts import logic, store

EVERY = 5.0
WITHIN = 10.0
"""Seconds that a sweep waits for all of them."""
PATIENCE = 4.0
"""Seconds that a sweep goes on asking a host which was never seen: a new cloud's first, whose agent is just starting."""


def sweep(view: View) -> None:
    known = {row["name"] for row in view.read(store.every)}
    answers = polls.ask(
        "presence",
        view.engine(Hosts).names(),
        lambda name: _ask(view, name, 0.0 if name in known else PATIENCE),
        WITHIN,
    )
    for name, found in answers.items():
        if found is None or isinstance(found, Exception):
            view.database.write(lambda tx, name=name: logic.silent(tx, name))  # type: ignore[misc]
        else:
            view.database.write(
                lambda tx, name=name, found=found: logic.register(tx, name, *found),  # type: ignore[misc]
                durable=name not in known,
            )


def _ask(view: View, name: str, patience: float) -> tuple[Host, Capacity] | None:
    hosts = view.engine(Hosts)
    stop = clock.monotonic() + patience
    while True:
        try:
            return hosts.hypervisor(name).host(), hosts.volumes(name).capacity()
        except Exception as error:  # however its silence is called, and whatever else an agent of another version says
            if clock.monotonic() >= stop:
                log.say(__name__, "host does not answer", host=name, reason=str(error))
                return None
        clock.sleep(0.25)


PRESENCE = Sweep("compute.hosts", EVERY, sweep)
