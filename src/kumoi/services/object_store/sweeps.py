"""Sweeps that delete bytes without an object, and expired objects."""

from functools import partial

from kumoi.engines.objects.interface import ObjectStore, Told, Writing
from kumoi.kernel import clock, events
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import subject
from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.object_store.versions import logic as versions

EVERY = 30.0
SCRUB_EVERY = 60.0
AT_ONCE = 500
"""Expired objects in one transaction."""


def tidy(view: View) -> None:
    for told in view.engine(ObjectStore).tidy():
        view.write(partial(_tell, told=told))


def _tell(tx: Transaction, told: str) -> None:
    place, _, problem = told.partition(": ")
    events.write(tx, "object.leftover.mended", subject("object", place), problem=problem)


def mend(view: View) -> None:
    _tell_all(view, view.engine(ObjectStore).mend())


def scrub(view: View) -> None:
    _tell_all(view, view.engine(ObjectStore).scrub())


def _tell_all(view: View, told: list[Told]) -> None:
    for each in told:
        view.write(partial(_tell_of_disk, told=each))


def _tell_of_disk(tx: Transaction, told: Told) -> None:
    kind = "object" if told.kind.startswith("rot.") else "object_disk"
    events.write(tx, f"{kind}.{told.kind}", subject(kind, told.what[:100]), problem=told.problem)


def expire(view: View) -> None:
    store = view.engine(ObjectStore)
    if not store.is_used():
        return
    until = clock.now() // clock.SECOND
    while due := store.read(lambda tx: tx.expired(until, AT_ONCE)):

        def remove(tx: Writing, due: list[tuple[str, str, str]]) -> None:
            for account, container, name in due:
                place = tx.container(account, container)
                found = place and tx.object(place, name)
                # A later expiry may have been set meanwhile.
                if not (place and found and found.delete_at is not None and found.delete_at <= until):
                    continue
                # It is deleted as a client deletes it, so its version stays if the container keeps them.
                if versions.delete(tx, place, name, found) is None:
                    tx.remove_object(place, name)

        names = [(container.account, container.name, name) for container, name in due]
        store.write(partial(remove, due=names), frees=True).result()


LEFTOVERS = Sweep("object_store.leftovers", EVERY, tidy)
DISKS = Sweep("object_store.disks", EVERY, mend, punctual=True)
SCRUBBER = Sweep("object_store.scrub", SCRUB_EVERY, scrub, punctual=True)
EXPIRY = Sweep("object_store.expiry", EVERY, expire)
