"""Copies containers to other clouds, and tells how far the copies are."""

from contextlib import suppress
from functools import partial

import msgspec

from kumoi.engines.objects.interface import Container, ObjectStore, Reading
from kumoi.kernel import clock, durable, events
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import subject
from kumoi.kernel.reconcile import Sweep, View
from kumoi.kernel.settings import Folder, Settings
from kumoi.services.object_store import access, synced
from kumoi.services.object_store.realms import Realms
from kumoi.services.object_store.sync.turns import Turn
from kumoi.services.object_store.synced import Following

EVERY = 10.0
KEPT = 7 * 24 * 3600 * clock.SECOND
"""How long removals are remembered, so that a late copy of an object does not bring it back."""
FORGOTTEN_AT_ONCE = 1000


def copy(view: View) -> None:
    store, folder = view.engine(ObjectStore), view.engine(Folder)
    if not store.is_used():
        return
    known = synced.all_realms(folder, view.engine(Settings))
    while followed := store.read(lambda tx: tx.followers()):
        more = [_turn(view, store, known, container, raw) for container, raw in followed]
        _show(store, folder)
        if not any(more):
            break
    else:
        (folder.run / synced.STATUS).unlink(missing_ok=True)
    store.write(lambda tx: tx.forget_changes(tx.now - KEPT, FORGOTTEN_AT_ONCE)).result()


def _turn(view: View, store: ObjectStore, known: Realms, container: Container, raw: bytes) -> bool:
    """Whether it has more, and can go on at once."""
    state = msgspec.json.decode(raw, type=Following)
    if state.retry_at > clock.now():
        return False
    failed = bool(state.error)
    turn = Turn(store, container, state)
    turn.run(known)
    if raw != msgspec.json.encode(state):
        store.write(turn.keep).result()
    if failed != bool(state.error):
        view.write(partial(_tell, container=container, state=state))
    return turn.more


def _tell(tx: Transaction, container: Container, state: Following) -> None:
    kind = "container.sync.failed" if state.error else "container.sync.recovered"
    project = access.project_of(container.account)
    facts = {"container": f"{container.account}/{container.name}", "to": state.to, "problem": state.error}
    events.write(tx, kind, subject("container", str(container.id)), project_id=project, **facts)


def _show(store: ObjectStore, folder: Folder) -> None:
    """For `kumoi status`."""

    def work(tx: Reading) -> list[synced.Shown]:
        return [synced.status(tx, container, raw) for container, raw in tx.followers()]

    shown = sorted(store.read(work), key=lambda each: (not each.error, -each.lag))[: synced.MOST_SHOWN]
    with suppress(OSError):
        durable.replace_for_now(folder.run / synced.STATUS, msgspec.json.encode(shown), mode=0o644)


SYNC = Sweep("object_store.sync", EVERY, copy, punctual=True)
