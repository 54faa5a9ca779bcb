"""Old versions of objects, kept in another container: as a stack (`X-Versions-Location`), from which a DELETE takes the last
one back, or for ever (`X-History-Location`)."""

from kumoi.engines.objects.interface import Container, Object, Page, Reading, Stored, Writing
from kumoi.services.object_store import asked, limits, listings
from kumoi.services.object_store.errors import PreconditionFailed
from kumoi.services.object_store.versions.logic import DELETED, EMPTY

STACK, HISTORY = "x-versions-location", "x-history-location"


def keeper(tx: Reading, place: Container, found: Object) -> Container | None:
    """Where it goes when another takes its place; None: nowhere."""
    return None if "x-object-manifest" in found.metadata else _store(tx, place)


def keep(tx: Writing, place: Container, name: str) -> None:
    """The object of this name, before another takes its place."""
    to = _store(tx, place)
    found = tx.object(place, name) if to else None
    if to is None or found is None or keeper(tx, place, found) is None:
        return
    found.name = _name(name, found.at)
    found.entry = listings.changed(found.entry, name=found.name)
    tx.move_object(place, name, to, found)


def bring_back(tx: Writing, place: Container, found: Object) -> bool:
    """Whether the object went, and what was before it is there again, or its deletion was noted."""
    to = _store(tx, place)
    if to is None:
        return False
    if HISTORY in place.metadata:
        keep(tx, place, found.name)
        name = _name(found.name, tx.now)
        entry = listings.entry(name, EMPTY, 0, DELETED, tx.now)
        marker = Object(name=name, size=0, etag=EMPTY, content_type=DELETED, at=tx.now, entry=entry)
        tx.put_object(to, marker, Stored(0, EMPTY, b"", None))
        return True
    kept = tx.objects(to, Page(limit=1, prefix=_prefix(found.name), reverse=True))
    before = tx.object(to, kept[0].name) if kept else None
    if before is None:
        return False
    tx.remove_object(place, found.name)
    kept_as, before.name = before.name, found.name
    before.entry = listings.changed(before.entry, name=found.name)
    tx.move_object(to, kept_as, place, before)
    return True


def _store(tx: Reading, place: Container) -> Container | None:
    wanted = place.metadata.get(STACK) or place.metadata.get(HISTORY)
    if not wanted:
        return None
    found = tx.container(place.account, wanted)
    if found is None:
        raise PreconditionFailed(f"The container {wanted} for old versions could not be found.")
    return found


def _name(name: str, at: int) -> str:
    found = _prefix(name) + asked.timestamp(at)
    limits.check_name("object", found, limits.LONGEST_OBJECT)
    return found


def _prefix(name: str) -> str:
    """Of the names of an object's versions: its length in three hexadecimal digits, and itself."""
    return f"{len(name.encode()):03x}{name}/"
