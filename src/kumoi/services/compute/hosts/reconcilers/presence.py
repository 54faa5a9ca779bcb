"""Asks every host every few seconds, and when the runner starts, whether it is up and what it has."""

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import Host
from kumoi.engines.volumes.interface import Capacity
from kumoi.kernel import clock, log, polls
from kumoi.kernel.reconcile import Sweep, View
from kumoi.kernel.settings import Settings
from kumoi.services.compute.hosts import logic, store

EVERY = 5.0
WITHIN = 10.0
"""Seconds that a sweep waits for all hosts."""
PATIENCE = 4.0
"""Seconds for which a sweep retries a host that was never seen, such as the first host of a new cloud, whose agent is
starting."""


def sweep(view: View) -> None:
    settings = view.engine(Settings)
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
                lambda tx, name=name, found=found: logic.register(tx, settings, name, *found),  # type: ignore[misc]
                durable=name not in known,
            )


def _ask(view: View, name: str, patience: float) -> tuple[Host, Capacity] | None:
    hosts = view.engine(Hosts)
    stop = clock.monotonic() + patience
    while True:
        try:
            return hosts.hypervisor(name).host(), hosts.volumes(name).capacity()
        except Exception as error:  # silent hosts, and unknown errors of agents of other versions
            if clock.monotonic() >= stop:
                log.say(__name__, "host does not answer", host=name, reason=str(error))
                return None
        clock.sleep(0.25)


PRESENCE = Sweep("compute.hosts", EVERY, sweep, punctual=True)
"""A host that is not asked for SILENT_AFTER counts as down."""
