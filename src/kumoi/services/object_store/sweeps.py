"""Sweeps that delete bytes without an object, and expired objects."""

from functools import partial

from kumoi.engines.objects.interface import ObjectStore, Writing
from kumoi.kernel import clock, events
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import subject
from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.object_store.versions import logic as versions

EVERY = 30.0
AT_ONCE = 500
"""Expired objects in one transaction."""


def tidy(view: View) -> None:
    for told in view.engine(ObjectStore).tidy():
        view.write(partial(_tell, told=told))


def _tell(tx: Transaction, told: str) -> None:
    place, _, problem = told.partition(": ")
    events.write(tx, "object.leftover.mended", subject("object", place), problem=problem)


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
EXPIRY = Sweep("object_store.expiry", EVERY, expire)
